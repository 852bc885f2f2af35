#include <algorithm>
#include <map>
#include <set>

#include "proxy/config/check.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

constexpr std::size_t kMostShards = 65'535;  // router::ShardIndex is 16 bits wide

std::string label(const Database& database) { return "database " + quote(database.name); }

void check_nodes(const Database& database, const Value& at, Report& report) {
  std::map<std::string_view, std::string_view> shard_of;  // address -> shard
  for (std::size_t i = 0; i < database.shards.size(); ++i) {
    const Shard& shard = database.shards[i];
    const Value* nodes = element(at, "shard", i).find("nodes");
    if (!nodes || !nodes->is(Value::Kind::kArray)) continue;
    if (nodes->items.empty())
      report.error(nodes->at, "shard " + quote(shard.name) + " has no nodes", "name its servers: [\"host:5432\"]");
    for (std::size_t n = 0; n < shard.nodes.size(); ++n) {
      const std::string& address = shard.nodes[n].address.text;
      if (address.empty()) continue;
      const auto [known, is_new] = shard_of.emplace(address, shard.name);
      if (!is_new)
        report.error(nodes->items[n].at,
                     "node " + quote(address) + " is already a node of shard " + quote(known->second),
                     "a node holds the rows of one shard: name it once");
    }
  }
}

void check_shards(const Database& database, const Value& at, Report& report) {
  if (!at.find("shard"))
    report.error(at.at, label(database) + " has no shard", "add [[database.shard]] with name and nodes");
  if (database.shards.size() > kMostShards)
    report.error(at.at, label(database) + " has more shards than a shard map can name");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < database.shards.size(); ++i) {
    const std::string& name = database.shards[i].name;
    if (!name.empty() && !seen.insert(name).second)
      report.error(where(element(at, "shard", i), {"name"}),
                   "shard " + quote(name) + " is there twice in " + label(database), "give each shard its own name");
  }
  check_nodes(database, at, report);
}

// Roles are discovered, so whoever must tell a primary from a replica needs the control lane.
void check_control(const Database& database, const Value& at, Report& report) {
  if (!database.control.user.empty()) return;
  constexpr char kAdd[] = "add [database.control] with user and password";
  if (const Value* control = at.find("control")) {
    if (!unread(*control, "user", report))
      report.error(control->at, label(database) + ": [database.control] has no user", "add user = \"…\"");
    return;
  }
  for (std::size_t i = 0; i < database.shards.size(); ++i)
    if (database.shards[i].nodes.size() > 1)
      report.error(
          where(element(at, "shard", i), {"nodes"}),
          "shard " + quote(database.shards[i].name) + " has several nodes, and nobody to ask which is the primary",
          kAdd);
  if (database.shards.size() > 1 && database.protocol == Protocol::kMysql)
    report.error(at.at,
                 label(database) +
                     " has several shards and no [database.control]: whether equal keys have equal bytes is told by "
                     "their columns' collations",
                 kAdd);
  else if (database.shards.size() > 1)
    report.warning(at.at,
                   label(database) +
                       " has several shards and no [database.control]: without the tables' columns, INSERT and COPY "
                       "that do not list them are refused, and so are functions of your own",
                   kAdd);
}

void check_reads(const Database& database, const Value& at, Report& report) {
  if (database.reads.from != ReadFrom::kPrimary && database.control.user.empty())
    report.error(where(at, {"reads", "from"}), label(database) + ": reads from replicas need [database.control]",
                 "add [database.control] with user and password: it watches roles and lag");
}

}  // namespace

bool has_shard(const Database& database, std::string_view name) {
  return std::any_of(database.shards.begin(), database.shards.end(), [name](const Shard& s) { return s.name == name; });
}

std::string shard_hint(const Database& database, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Shard& shard : database.shards)
    if (!shard.name.empty() && std::find(names.begin(), names.end(), shard.name) == names.end())
      names.push_back(shard.name);
  if (names.empty()) return "add [[database.shard]] with this name";
  if (const auto near = nearest(name, names); !near.empty()) return "did you mean " + quote(near) + "?";
  return "the shards are " + one_of(names);
}

void check_database(const Database& database, const Value& at, Report& report) {
  check_shards(database, at, report);
  check_control(database, at, report);
  check_reads(database, at, report);
  check_switchover(database, at, report);
  if (const Value* tls = at.find("server_tls")) check_server_tls(database.server_tls, *tls, report);
  check_sharding(database, at, report);
  check_tables(database, at, report);
}

}  // namespace shardway::proxy::config
