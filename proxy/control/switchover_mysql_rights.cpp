#include <algorithm>
#include <cstdlib>

#include "proxy/control/switchover_mysql.hpp"

// https://mariadb.com/kb/en/grant/#global-privileges
namespace shardway::proxy::control::switchover {
namespace {

constexpr std::string_view kNeeded[] = {"RELOAD", "CONNECTION ADMIN", "READ_ONLY ADMIN", "REPLICATION SLAVE ADMIN",
                                        "SLAVE MONITOR"};

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return x == y || ((x == '_' || x == ' ') && (y == '_' || y == ' ')); });
}

// "shardway@%" -> "'shardway'@'%'"
std::string as_grantee(const std::string& user) {
  const auto at = user.rfind('@');
  return "'" + user.substr(0, at) + "'@'" + (at == std::string::npos ? "%" : user.substr(at + 1)) + "'";
}

std::optional<MysqlRights> ask_rights(Line& line, const Patience& patience) {
  const auto who = line.ask("SELECT CURRENT_USER()", patience);
  if (!who) return std::nullopt;
  MysqlRights rights{who->text(0, 0), {}, false};
  if (const auto sync = line.ask(kSemiSync, patience)) rights.sets_semi_sync = read_semi_sync(*sync).is_source;
  const auto grants = line.ask("SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = " +
                                   literal(as_grantee(rights.user), true),
                               patience);
  if (!grants) return std::nullopt;
  for (std::size_t i = 0; i < grants->size(); ++i) rights.grants.push_back(grants->text(i, 0));
  return rights;
}

}  // namespace

MariadbVersion mariadb_version(const std::string& text) noexcept {
  MariadbVersion version;
  const char* at = text.c_str();
  for (unsigned* part : {&version.major, &version.minor, &version.patch}) {
    char* end = nullptr;
    *part = static_cast<unsigned>(std::strtoul(at, &end, 10));
    if (*end != '.') break;
    at = end + 1;
  }
  return version;
}

SemiSync read_semi_sync(const Rows& row) {
  const auto is = [&](std::size_t column) { return row.text(0, column) == "1" || row.text(0, column) == "ON"; };
  return {is(0), is(1), row.text(0, 2), row.text(0, 3)};
}

std::string exchanged(const SemiSync& own, const SemiSync& others) {
  std::string list;
  const auto set = [&](const char* name, const std::string& value) {
    list +=
        (list.empty() ? "SET GLOBAL rpl_semi_sync_" : ", GLOBAL rpl_semi_sync_") + std::string(name) + " = " + value;
  };
  if (others.is_source && own.timeout != others.timeout) set("master_timeout", others.timeout);
  if (others.is_source && own.wait_point != others.wait_point) set("master_wait_point", others.wait_point);
  if (own.is_source != others.is_source) set("master_enabled", others.is_source ? "1" : "0");
  if (own.is_replica != others.is_replica) set("slave_enabled", others.is_replica ? "1" : "0");
  return list.empty() ? list : list + "; ";
}

std::vector<Lack> judge(const MysqlRights& rights, bool replicates, const std::string& shard, const std::string& node) {
  std::string lacking;
  const auto need = [&](std::string_view privilege) {
    const bool has = std::any_of(rights.grants.begin(), rights.grants.end(),
                                 [&](const std::string& grant) { return same(grant, privilege); });
    if (!has) lacking.append(lacking.empty() ? "" : ", ").append(privilege);
  };
  for (const auto privilege : kNeeded) need(privilege);
  if (replicates) need("REPLICATION SLAVE");
  if (rights.sets_semi_sync) need("REPLICATION MASTER ADMIN");
  if (lacking.empty()) return {};
  const auto user = as_grantee(rights.user);
  return {{"shard \"" + shard + "\", node " + node + ": control user " + user + " cannot switch it over: it lacks " +
               lacking,
           "run there as an operator: GRANT " + lacking + " ON *.* TO " + user}};
}

std::vector<Lack> mysql_lacks(const Cast& cast, const Patience& patience) {
  std::vector<Lack> found;
  if (!cast.database->switchover.command.empty()) return found;
  const bool replicates = cast.database->switchover.replication_user.empty();
  std::vector<config::Address> all{cast.old_primary, cast.target};
  all.insert(all.end(), cast.others.begin(), cast.others.end());
  for (const auto& address : all) {
    Line line(*cast.database, address);
    const auto rights = ask_rights(line, patience);
    if (!rights) continue;
    for (auto& lack : judge(*rights, replicates, cast.shard, address.text)) found.push_back(std::move(lack));
  }
  return found;
}

}  // namespace shardway::proxy::control::switchover
