// A session as the console shows it.
#include "proxy/net/socket.hpp"
#include "proxy/postgres/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::postgres {
namespace {

std::string text_of_setting(const Settings& settings, std::string_view name) {
  const auto* entry = settings.find(name);
  return entry == nullptr ? std::string() : value_of(*entry);
}

}  // namespace

stats::ClientRow Session::row() const {
  stats::ClientRow row;
  const auto peer = net::peer_of(stream_.fd());
  const auto local = net::local_of(stream_.fd());
  row.id = id_;
  row.worker = worker_.index();
  row.user = user_;
  row.database = database_name_;
  row.state = phase_ < Phase::kReady                  ? "login"
              : waiting_                              ? "waiting"
              : transaction_ || busy() || in_segment_ ? "active"
                                                      : "idle";
  row.addr = peer.host;
  row.port = peer.port;
  row.local_addr = local.host;
  row.local_port = local.port;
  row.tls = stream_.tls_description();
  row.application_name = text_of_setting(*settings_, "application_name");
  row.connect_time = connect_time_;
  row.request_time = connect_time_;
  if (waiting_) {
    row.wait_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - waiting_->since).count());
  }
  for (const auto& branch : branches_) row.link_id = branch.link->id();
  row.prepared_statements = statements_ ? static_cast<std::uint32_t>(statements_->size()) : 0;
  row.pin = pin_;
  row.pin_detail = pin_detail_;
  row.pin_since = pin_since_;
  row.memory_bytes = sizeof *this + input_.capacity() + out_.capacity();
  row.close_needed = draining_;
  return row;
}

stats::ServerRow server_row(const Link& link, std::uint32_t worker, const char* state) {
  stats::ServerRow row;
  const auto& target = link.target();
  row.id = link.id();
  row.worker = worker;
  row.user = target.user;
  row.database = target.backend->config.name;
  row.state = state;
  row.addr = target.node->address.host;
  row.port = target.node->address.port;
  row.shard = target.backend->config.shards[target.shard].name;
  row.role = backend::name_of(target.node->role.load());
  row.connect_time = row.request_time = link.connect_time();
  row.remote_pid = link.process_id();
  row.tls = link.stream().tls_description();
  row.application_name = text_of_setting(*link.settings, "application_name");
  row.prepared_statements = static_cast<std::uint32_t>(link.statement_count());
  if (link.stream().is_open()) {
    const auto local = net::local_of(link.stream().fd());
    row.local_addr = local.host;
    row.local_port = local.port;
  }
  return row;
}

void Session::add_server_rows(std::vector<stats::ServerRow>& rows) const {
  for (const auto& branch : branches_) {
    if (!branch.link) continue;
    auto row =
        server_row(*branch.link, worker_.index(), branch.link->cancels_in_flight > 0 ? "active_cancel" : "active");
    row.client_id = id_;
    rows.push_back(std::move(row));
  }
}

void Session::count(stats::PoolRow& pool) const {
  if (waiting_) {
    ++pool.cl_waiting;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - waiting_->since).count();
    pool.maxwait_us = std::max(pool.maxwait_us, static_cast<std::uint64_t>(us));
  } else {
    ++pool.cl_active;
  }
}

}  // namespace shardway::proxy::postgres
