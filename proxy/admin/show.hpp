// Show: one function per noun, each giving the whole command: name, columns and how the rows are made. Columns and
// types are those of PgBouncer 1.25, in its order; columns of our own stand behind them.
#pragma once

#include "proxy/admin/commands.hpp"

namespace shardway::proxy::admin {

Show show_clients();  // show_sockets.cpp
Show show_servers();
Show show_sockets();
Show show_active_sockets();
Show show_pools();  // show_pools.cpp
Show show_databases();
Show show_users();
Show show_stats();  // show_stats.cpp
Show show_stats_totals();
Show show_stats_averages();
Show show_totals();
Show show_config();   // show_config.cpp
Show show_version();  // show_process.cpp
Show show_help();
Show show_lists();
Show show_state();
Show show_mem();
Show show_fds();  // show_absent.cpp: what Shardway has nothing of
Show show_peers();
Show show_peer_pools();
Show show_dns_hosts();
Show show_dns_zones();
Show show_shards();  // show_shards.cpp
Show show_map();
Show show_nodes();
Show show_held();
Show show_transactions();  // show_routing.cpp
Show show_pins();
Show show_rules();
Show show_refusals();

}  // namespace shardway::proxy::admin
