#include <fmt/core.h>

#include "proxy/admin/show.hpp"

namespace shardway::proxy::admin {

namespace {

using enum ColumnType;

// `id` is wider than PgBouncer's: ours never wraps around, so that KILL_CLIENT can not hit another client.
std::vector<Column> socket_columns() {
  return {{"type"},
          {"user"},
          {"database"},
          {"replication"},
          {"state"},
          {"addr"},
          {"port", kInt4},
          {"local_addr"},
          {"local_port", kInt4},
          {"connect_time"},
          {"request_time"},
          {"wait", kInt4},
          {"wait_us", kInt4},
          {"close_needed", kInt4},
          {"ptr"},
          {"link"},
          {"remote_pid", kInt4},
          {"tls"},
          {"application_name"},
          {"prepared_statements", kInt4},
          {"id", kInt8}};
}

std::vector<Column> with(std::vector<Column> columns, std::initializer_list<Column> more) {
  columns.insert(columns.end(), more);
  return columns;
}

std::vector<Column> buffer_columns() {
  return with(socket_columns(), {{"recv_pos", kInt4},
                                 {"pkt_pos", kInt4},
                                 {"pkt_remain", kInt4},
                                 {"send_pos", kInt4},
                                 {"send_remain", kInt4},
                                 {"pkt_avail", kInt4},
                                 {"send_avail", kInt4}});
}

// `ptr` and `link` are names by which scripts join SHOW CLIENTS and SHOW SERVERS.
std::string client_name(std::uint64_t id) { return id == 0 ? "" : fmt::format("c{}", id); }
std::string server_name(std::uint64_t id) { return id == 0 ? "" : fmt::format("s{}", id); }

std::string or_else(const std::string& text, const char* otherwise) { return text.empty() ? otherwise : text; }

Row client_row(const stats::ClientRow& c, const std::string& state) {
  constexpr std::uint64_t kSecond = 1'000'000;
  return row("C", or_else(c.user, "(nouser)"), or_else(c.database, "(nodb)"), "none", state, c.addr, c.port,
             c.local_addr, c.local_port, time_cell(c.connect_time), time_cell(c.request_time), c.wait_us / kSecond,
             c.wait_us % kSecond, c.close_needed, client_name(c.id), server_name(c.link_id), 0, c.tls,
             c.application_name, c.prepared_statements, c.id);
}

Row server_row(const stats::ServerRow& s, const std::string& state) {
  return row("S", or_else(s.user, "(nouser)"), or_else(s.database, "(nodb)"), "none", state, s.addr, s.port,
             s.local_addr, s.local_port, time_cell(s.connect_time), time_cell(s.request_time), 0, 0, s.close_needed,
             server_name(s.id), client_name(s.client_id), s.remote_pid, s.tls, s.application_name,
             s.prepared_statements, s.id);
}

void append(Row& cells, Row more) {
  cells.insert(cells.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Rows client_rows(const Moment& now) {
  Rows rows;
  for (const stats::ClientRow& c : now.report.clients) {
    if (c.state == "login") continue;  // SHOW CLIENTS has those who are in; SHOW SOCKETS has all
    rows.push_back(client_row(c, c.state));
    const bool pinned = c.pin != router::PinReason::kNone;
    append(rows.back(), row(c.worker, pinned ? cell(router::name_of(c.pin)) : std::nullopt,
                            pinned ? cell(c.pin_detail) : std::nullopt, c.memory_bytes));
  }
  return rows;
}

Rows server_rows(const Moment& now) {
  Rows rows;
  for (const stats::ServerRow& s : now.report.servers) {
    rows.push_back(server_row(s, s.state));
    append(rows.back(), row(s.worker, s.shard, s.role));
  }
  return rows;
}

// In SHOW SOCKETS a state tells the side, too. PgBouncer's idle clients are among its active ones there.
Rows socket_rows_if(const Moment& now, bool only_active) {
  const Row no_positions = row(0, 0, 0, 0, 0, 0, 0);
  Rows rows;
  for (const stats::ClientRow& c : now.report.clients) {
    if (only_active && c.state != "active") continue;
    rows.push_back(client_row(c, "cl_" + c.state));
    append(rows.back(), no_positions);
  }
  for (const stats::ServerRow& s : now.report.servers) {
    if (only_active && s.state != "active") continue;
    rows.push_back(server_row(s, s.state == "new" ? "sv_login" : "sv_" + s.state));
    append(rows.back(), no_positions);
  }
  return rows;
}

Rows socket_rows(const Moment& now) { return socket_rows_if(now, false); }
Rows active_socket_rows(const Moment& now) { return socket_rows_if(now, true); }

}  // namespace

Show show_clients() {
  return {"CLIENTS", Needs::kClients,
          with(socket_columns(), {{"worker", kInt4}, {"pin"}, {"pin_detail"}, {"memory", kInt8}}), client_rows,
          "every client: its state, the server connection it holds, what pins it"};
}

Show show_servers() {
  return {"SERVERS", Needs::kReport, with(socket_columns(), {{"worker", kInt4}, {"shard"}, {"role"}}), server_rows,
          "every server connection"};
}

Show show_sockets() {
  return {"SOCKETS", Needs::kClients, buffer_columns(), socket_rows, "clients and servers together"};
}

Show show_active_sockets() {
  return {"ACTIVE_SOCKETS", Needs::kClients, buffer_columns(), active_socket_rows,
          "those of SHOW SOCKETS that are at work"};
}

}  // namespace shardway::proxy::admin
