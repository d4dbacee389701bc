/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PORT_RSS_H
#define WR_PORT_RSS_H

#include <rte_ethdev.h>

#include "wr_port.h"

#define WR_RSS_KEY_MAX 64 /* bytes; the longest key of a NIC is 52 */

/*
 * Puts our key and hash types into conf if the profile allows RSS, the driver offers it and
 * there is more than one queue. `key` lives as long as conf. Without, conf asks for none.
 */
void wr_rss_request(const struct wr_port *port, const struct rte_eth_dev_info *info,
                    struct rte_eth_conf *conf, uint8_t key[WR_RSS_KEY_MAX]);

/*
 * On a started port: fills the redirection table and reads key, hash types and table back.
 * Sets port->hash_is_ours and port->rss. Nothing that fails here is an error: the owner of
 * a flow is found in software then.
 */
void wr_rss_probe(struct wr_port *port, const struct rte_eth_dev_info *info);

#endif /* WR_PORT_RSS_H */
