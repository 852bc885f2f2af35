#include "proxy/transaction/mysql_rights.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "proxy/transaction/store_link.hpp"

// https://mariadb.com/kb/en/grant/#to-public
namespace shardway::proxy::transaction::mysql_rights {

namespace {

constexpr char kAboutServer[] =
    "SELECT CURRENT_USER(), VERSION(), (SELECT count(*) FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = 'shardway' AND TABLE_NAME IN ('decision', 'applied')) = 2";
constexpr char kGrants[] =
    "SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES"
    " UNION SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES"
    " WHERE 'shardway' LIKE TABLE_SCHEMA"
    " UNION SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES"
    " WHERE TABLE_SCHEMA = 'shardway' AND TABLE_NAME IN ('decision', 'applied')"
    " GROUP BY GRANTEE, PRIVILEGE_TYPE HAVING count(*) = 2";

// "shardway@%" -> "'shardway'@'%'"
std::string as_grantee(const std::string& user) {
  const auto at = user.rfind('@');
  return "'" + user.substr(0, at) + "'@'" + (at == std::string::npos ? "%" : user.substr(at + 1)) + "'";
}

// Since 10.11.
bool knows_public(const std::string& version) {
  char* rest = nullptr;
  const auto major = std::strtoul(version.c_str(), &rest, 10);
  const auto minor = *rest == '.' ? std::strtoul(rest + 1, nullptr, 10) : 0;
  return version.find("MariaDB") != std::string::npos && (major > 10 || (major == 10 && minor >= 11));
}

bool is_granted(const Rights& rights, const std::string& grantee, std::string_view privilege) {
  return std::any_of(rights.grants.begin(), rights.grants.end(),
                     [&](const auto& grant) { return grant.first == grantee && grant.second == privilege; });
}

// From wherever he comes.
bool may_insert(const Rights& rights, const std::string& user) {
  return std::any_of(rights.grants.begin(), rights.grants.end(), [&](const auto& grant) {
    return grant.second == "INSERT" && grant.first.starts_with("'" + user + "'@");
  });
}

bool sees_others(const Rights& rights) {
  const auto own = as_grantee(rights.control);
  return std::any_of(rights.grants.begin(), rights.grants.end(),
                     [&](const auto& grant) { return grant.first != own && !grant.first.starts_with("'PUBLIC'"); });
}

std::string quoted(const std::string& user) {
  std::string text = "'";
  for (const char c : user) text.append(c == '\'' ? 2 : 1, c);
  return text + "'";
}

std::optional<Lack> lack_of_control(const Rights& rights) {
  const auto grantee = as_grantee(rights.control);
  const auto lacks = [&](std::string_view privilege) { return !is_granted(rights, grantee, privilege); };
  const bool writes = !lacks("SELECT") && !lacks("INSERT") && !lacks("DELETE");
  if (writes && (rights.has_tables || !lacks("CREATE"))) return std::nullopt;
  return Lack{"control user " + grantee + " may not " + (rights.has_tables ? "" : "make and ") +
                  "write the tables of the schema \"shardway\": what is written on several shards is refused",
              "run there as an operator: GRANT ALL ON shardway.* TO " + grantee};
}

}  // namespace

std::vector<Lack> lacks(const Rights& rights, const std::vector<std::string>& users) {
  std::vector<Lack> found;
  if (auto lack = lack_of_control(rights)) found.push_back(std::move(*lack));
  std::string names, grants;
  for (const auto& user : users) {
    if (rights.everyone || may_insert(rights, user)) continue;
    names += (names.empty() ? "\"" : ", \"") + user + '"';
    grants += "; GRANT INSERT ON shardway.* TO " + quoted(user) + "@'%'";
  }
  if (names.empty()) return found;
  const std::string hint = knows_public(rights.version) ? "GRANT INSERT ON shardway.* TO PUBLIC" : grants.substr(2);
  found.push_back({(sees_others(rights) ? "" : "as far as control user " + as_grantee(rights.control) + " can see, ") +
                       (names.find(',') == std::string::npos ? "user " : "users ") + names +
                       " may not insert into the tables of the schema \"shardway\": a COMMIT of what "
                       "was written on several shards fails",
                   "run there as an operator: " + hint});
  return found;
}

bool lets_everyone_insert(const Rows& grants) {
  return std::any_of(grants.begin(), grants.end(), [](const auto& row) {
    const auto& text = row.empty() ? std::string() : row[0];
    const auto on = text.find(" ON ");
    const bool here = text.find(" ON `shardway`.* ") != std::string::npos || text.find(" ON *.* ") != std::string::npos;
    const auto privileges = text.substr(0, on);
    return here && (privileges.find("INSERT") != std::string::npos || privileges == "GRANT ALL PRIVILEGES");
  });
}

std::optional<Rights> ask(std::unique_ptr<control::ControlLink> link) {
  const std::atomic<bool> stopping{false};
  StoreLink server(std::move(link), {}, stopping);
  const auto about = server.run(kAboutServer);
  if (!about || about->size() != 1 || about->front().size() != 3) return std::nullopt;
  const auto grants = server.run(kGrants);
  if (!grants) return std::nullopt;
  Rights rights;
  rights.control = about->front()[0];
  rights.version = about->front()[1];
  rights.has_tables = about->front()[2] == "1";
  for (const auto& row : *grants)
    if (row.size() == 2) rights.grants.emplace_back(row[0], row[1]);
  if (!knows_public(rights.version)) return rights;
  const auto of_everyone = server.run("SHOW GRANTS FOR PUBLIC");
  rights.everyone = of_everyone && lets_everyone_insert(*of_everyone);
  return rights;
}

}  // namespace shardway::proxy::transaction::mysql_rights
