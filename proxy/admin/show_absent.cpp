#include "proxy/admin/show.hpp"

namespace shardway::proxy::admin {

namespace {

using enum ColumnType;

Rows no_rows(const Moment&) { return {}; }

}  // namespace

// PgBouncer's takeover by passing descriptors and keys is not for us; only [admin] users may ask, as there.
Show show_fds() {
  return {"FDS",
          Needs::kConfig,
          {{"fd", kInt4},
           {"task"},
           {"user"},
           {"database"},
           {"addr"},
           {"port", kInt4},
           {"cancel", kInt8},
           {"link", kInt4},
           {"client_encoding"},
           {"std_strings"},
           {"datestyle"},
           {"timezone"},
           {"password"},
           {"scram_client_key"},
           {"scram_server_key"}},
          no_rows,
          "always empty",
          true};
}

Show show_peers() {
  return {"PEERS",
          Needs::kConfig,
          {{"peer_id", kInt4}, {"host"}, {"port", kInt4}, {"pool_size", kInt4}},
          no_rows,
          "always empty"};
}

Show show_peer_pools() {
  return {"PEER_POOLS",
          Needs::kConfig,
          {{"peer_id", kInt4},
           {"cl_active_cancel_req", kInt4},
           {"cl_waiting_cancel_req", kInt4},
           {"sv_active_cancel", kInt4},
           {"sv_login", kInt4}},
          no_rows,
          "always empty"};
}

Show show_dns_hosts() {
  return {"DNS_HOSTS", Needs::kConfig, {{"hostname"}, {"ttl", kInt8}, {"addrs"}}, no_rows, "always empty"};
}

Show show_dns_zones() {
  return {"DNS_ZONES", Needs::kConfig, {{"zonename"}, {"serial", kInt8}, {"count", kInt4}}, no_rows, "always empty"};
}

}  // namespace shardway::proxy::admin
