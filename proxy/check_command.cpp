// `shardway check`: every problem of the configuration; with --servers those of the servers it names, too.

#include <iostream>
#include <set>

#include "proxy/cli.hpp"
#include "proxy/config/config.hpp"
#include "proxy/control/inspection.hpp"
#include "proxy/control/node_watch.hpp"
#include "proxy/control/stray_rows.hpp"
#include "proxy/control/switchover_recipe.hpp"
#include "proxy/log.hpp"
#include "proxy/transaction/mysql_rights.hpp"

namespace shardway::proxy {
namespace {

constexpr config::Milliseconds kInspectionTime{20'000};
constexpr std::size_t kMostAccounts = 4;

std::string count(std::size_t n, const char* noun) { return std::to_string(n) + " " + noun + (n == 1 ? "" : "s"); }

void print(const control::Inspection::Node& node) {
  std::cout << node.database << " " << node.shard << " " << node.address << ": "
            << (node.answered ? backend::name_of(node.role) : "no answer");
  if (node.role == backend::Role::kReplica && node.lag_us >= 0) std::cout << ", " << node.lag_us / 1000 << " ms behind";
  std::cout << "\n";
}

// As who sessions log in to servers; the console's users need not be known there.
std::vector<std::string> server_users(const config::Config& config) {
  const std::set<std::string> of_console(config.admin.users.begin(), config.admin.users.end());
  std::set<std::string> users;
  for (const auto& user : config.users)
    if (!of_console.contains(user.name)) users.insert(user.server_user.empty() ? user.name : user.server_user);
  return {users.begin(), users.end()};
}

// What an operator has to grant on MySQL's servers before transactions can write on several shards.
void take_rights(const backend::Backend& backend, const std::vector<std::string>& users, control::Inspection& into) {
  const auto& database = backend.config;
  if (database.protocol != config::Protocol::kMysql || database.shards.size() < 2) return;
  for (const auto& shard : backend.shards) {
    if (shard->primary < 0) continue;
    const auto& address = shard->nodes[static_cast<std::size_t>(shard->primary)]->address;
    const auto rights = transaction::mysql_rights::ask(control::make_control_link(database, address));
    if (!rights) continue;
    for (const auto& lack : transaction::mysql_rights::lacks(*rights, users))
      into.problems.push_back({"database \"" + database.name + "\": shard \"" + shard->name + "\", node " +
                                   address.text + ": " + lack.message,
                               lack.hint, false});
  }
}

// What a planned change of primary would lack (README.md, Switchover).
void take_switchover_lacks(const backend::Backend& backend, control::Inspection& into) {
  namespace switchover = control::switchover;
  const switchover::Patience patience{control::steady_now() + kInspectionTime / std::chrono::nanoseconds(1)};
  for (const auto& shard : backend.shards) {
    switchover::Cast cast;
    cast.database = &backend.config;
    cast.shard = shard->name;
    for (const auto& node : shard->nodes) {
      if (node->role == backend::Role::kPrimary) cast.old_primary = node->address;
      if (node->role != backend::Role::kReplica) continue;
      (cast.target.text.empty() ? cast.target : cast.others.emplace_back()) = node->address;
    }
    if (cast.old_primary.text.empty() || cast.target.text.empty()) continue;
    for (const auto& lack : switchover::lacks(cast, patience))
      into.problems.push_back({"database \"" + backend.config.name + "\": " + lack.message, lack.hint, false});
  }
}

// Rows that would be looked for elsewhere; read by the control user, or as one of the sessions' users.
void take_stray_rows(const backend::Backend& backend, const config::Config& config,
                     const std::vector<std::string>& users, control::Inspection& into) {
  const control::switchover::Patience patience{control::steady_now() + kInspectionTime / std::chrono::nanoseconds(1)};
  std::vector<control::Account> accounts;
  if (const auto& control = backend.config.control; !control.user.empty())
    accounts.push_back({control.user, control.password});
  for (const auto& user : users)
    if (auto password = config.server_password(user); !password.empty() && accounts.size() < kMostAccounts)
      accounts.push_back({user, std::move(password)});
  for (const auto& found : control::stray_rows(backend, accounts, patience))
    into.problems.push_back(
        {"database \"" + backend.config.name + "\": table \"" + found.table + "\": " + found.message, found.hint,
         true});
}

// True if the servers are as they must be.
bool check_servers(const std::string& file, const config::Config& config) {
  log::silence();  // what it would tell is told below
  std::atomic<std::uint32_t> next_node{0};
  std::vector<std::shared_ptr<backend::Backend>> backends;
  for (const auto& database : config.databases) backends.push_back(backend::make_backend(database, next_node));
  auto found = control::inspect(backends, kInspectionTime);
  const auto users = server_users(config);
  for (const auto& backend : backends) {
    take_rights(*backend, users, found);
    take_switchover_lacks(*backend, found);
    take_stray_rows(*backend, config, users, found);
  }
  bool good = true;
  for (const auto& problem : found.problems) {
    std::cerr << file << ": " << (problem.is_error ? "error: " : "warning: ") << problem.message << "\n";
    if (!problem.hint.empty()) std::cerr << "  hint: " << problem.hint << "\n";
    good = good && !problem.is_error;
  }
  for (const auto& node : found.nodes) print(node);
  return good;
}

}  // namespace

int run_check(const Command& command) {
  const auto& file = command.config_file;
  const config::Loaded loaded = config::load(file);
  for (const config::Diagnostic& d : loaded.diagnostics) std::cerr << config::format(d) << "\n";
  if (!loaded.config) return 1;
  if (command.servers && !check_servers(file, *loaded.config)) return 1;
  std::size_t shards = 0;
  for (const config::Database& database : loaded.config->databases) shards += database.shards.size();
  std::cout << file << ": ok (" << count(loaded.config->databases.size(), "database") << ", " << count(shards, "shard")
            << ", " << count(loaded.config->users.size(), "user") << ")\n";
  return 0;
}

}  // namespace shardway::proxy
