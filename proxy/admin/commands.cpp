#include "proxy/admin/commands.hpp"

#include "proxy/admin/show.hpp"

namespace shardway::proxy::admin {

const std::vector<Show>& shows() {
  static const std::vector<Show> table = {
      // What an operator looks at first, first: this is the order of SHOW HELP.
      show_help(),           show_version(),    show_state(),
      show_config(),         show_databases(),  show_users(),
      show_lists(),          show_mem(),        show_pools(),
      show_clients(),        show_servers(),    show_sockets(),
      show_active_sockets(), show_stats(),      show_stats_totals(),
      show_stats_averages(), show_totals(),     show_shards(),
      show_nodes(),          show_held(),       show_map(),
      show_pins(),           show_rules(),      show_refusals(),
      show_peers(),          show_peer_pools(), show_dns_hosts(),
      show_dns_zones(),      show_fds(),        show_transactions(),
  };
  return table;
}

Answer failure(std::string_view sqlstate, std::string text) {
  Answer answer;
  answer.error_sqlstate = sqlstate;
  answer.error = std::move(text);
  return answer;
}

Answer success(std::string_view tag) {
  Answer answer;
  answer.tag = tag;
  return answer;
}

}  // namespace shardway::proxy::admin
