# SPDX-License-Identifier: BSD-3-Clause
"""A sample of scripts/interop: Wringer against Linux over paths that lose and disorder."""

import unittest

import interop
from harness import require_appliance, require_tools
from interop_cell import TooLong, judged, transfer
from interop_path import Path

SIZE = 2 << 20
HOPELESS = 2000  # of 10,000 frames lost: what arrives in a few seconds is enough
SECONDS, FEW_SECONDS = 180, 6


class UnderFire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require_appliance()
        require_tools("nft", "ethtool")
        cls.path = Path()

    @classmethod
    def tearDownClass(cls):
        cls.path.remove()

    def test_every_two_choices_together_are_right_byte_for_byte(self):
        for cell in interop.pairwise(interop.matrix("every")):
            hopeless = cell.loss >= HOPELESS
            with self.subTest(str(cell)):
                result = transfer(self.path, cell, SIZE, FEW_SECONDS if hopeless else SECONDS)
                self.assertEqual(result.problems, (), result)
                self.assertTrue(result.finished or hopeless, result)
                self.assert_fire(cell)

    def assert_fire(self, cell):
        """The path did what the cell says, or the test says nothing."""
        counters = self.path.lost()
        if cell.loss >= HOPELESS:  # by chance hardly a frame leaves in so short a time
            self.assertGreater(counters["passed"] + counters["lost"], 0)
            return
        self.assertGreater(counters["passed"], 10)
        if cell.loss:
            self.assertGreater(counters["lost"], 0)
        if cell.longest:
            self.assertGreater(counters["too_long"], 0)


class Pairs(unittest.TestCase):
    def test_a_sample_has_all_pairs_of_choices(self):
        cells = interop.matrix("every")
        sample = interop.pairwise(cells)
        self.assertLess(len(sample), 30)
        self.assertEqual(
            set().union(*map(interop.pairs, sample)), set().union(*map(interop.pairs, cells))
        )

    def test_a_transfer_that_takes_too_long_tells_what_arrived(self):
        def late():
            raise TooLong(5)

        _, done, finished, problems = judged(late, 10)
        self.assertEqual((done, finished, problems), (5, False, ()))
