#include "proxy/config/check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

constexpr Position kTop{1, 1};
constexpr std::array<std::string_view, 2> kConsoles{"shardway", "pgbouncer"};

void check_database_names(const Config& config, const Value& document, Report& report) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < config.databases.size(); ++i) {
    const std::string& name = config.databases[i].name;
    const Position at = where(element(document, "database", i), {"name"});
    if (std::find(kConsoles.begin(), kConsoles.end(), name) != kConsoles.end())
      report.error(at, "database " + quote(name) + " is the name of the console", "give the database another name");
    if (!name.empty() && !seen.insert(name).second)
      report.error(at, "database " + quote(name) + " is there twice", "remove one of the two [[database]]");
  }
}

// Whether it may be written there is seen when it is opened: who checks may be another user.
void check_log_file(const Config& config, const Value& document, Report& report) {
  if (config.log_file.empty()) return;
  const auto slash = config.log_file.rfind('/');
  const auto folder = slash == std::string::npos ? "." : config.log_file.substr(0, slash + 1);
  struct stat info {};
  std::string why;
  if (::stat(folder.c_str(), &info) != 0 && errno != EACCES)
    why = "its folder: " + std::string(std::strerror(errno));
  else if (::stat(config.log_file.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    why = "it is a folder";
  const Value* program = document.find("shardway");
  if (!why.empty() && program)
    report.error(where(*program, {"log_file"}),
                 "shardway.log_file: cannot write " + quote(config.log_file) + ": " + why,
                 "relative names start at the folder Shardway runs in");
}

void check_admin(const Config& config, const Value& document, Report& report) {
  const Value* admin = document.find("admin");
  if (!admin) return;
  const Admin& settings = config.admin;
  if (settings.http && settings.http->is_unix)
    report.error(where(*admin, {"http"}), "admin.http: a Unix socket cannot be served", "write \"127.0.0.1:9632\"");
  if (const auto* listen = settings.http ? listener_at(config, *settings.http) : nullptr)
    report.error(where(*admin, {"http"}),
                 "admin.http: " + quote(settings.http->text) + " is taken by [[listen]] " + quote(listen->address.text),
                 "give it another port");
  if (settings.http && !is_loopback(*settings.http) && !settings.insecure)
    report.error(
        where(*admin, {"http"}),
        "admin.http: " + quote(settings.http->text) + " can be reached from other machines, without a password",
        "use 127.0.0.1, or write insecure = true in [admin] if the network is closed");
  for (const char* list : {"users", "stats_users"}) {
    const Value* names = admin->find(list);
    if (!names) continue;
    for (const Value& item : names->items)
      if (item.is(Value::Kind::kString) && !report.blamed(item.at) && !config.user(item.text))
        report.error(item.at, "admin." + std::string(list) + ": " + quote(item.text) + " is not a user",
                     "add a [[user]] of this name, with a password");
  }
}

}  // namespace

const Value& element(const Value& document, std::string_view key, std::size_t n) {
  const Value* list = document.find(key);
  return list && n < list->items.size() ? list->items[n] : document;
}

bool unread(const Value& at, std::string_view key, const Report& report) {
  const Value* value = at.find(key);
  return value && report.blamed(value->at);
}

void check(const Config& config, const Value& document, Report& report) {
  if (!document.find("listen"))
    report.error(kTop, "no [[listen]]: clients could not connect", "add [[listen]] with address = \"127.0.0.1:6432\"");
  if (!document.find("user"))
    report.error(kTop, "no [[user]]: nobody could log in", "add [[user]] with name and password");
  if (!document.find("database"))
    report.error(kTop, "no [[database]]: there is nothing to serve", "see configs/minimal.toml");
  check_listeners(config, document, report);
  check_users(config, document, report);
  check_admin(config, document, report);
  check_log_file(config, document, report);
  check_database_names(config, document, report);
  for (std::size_t i = 0; i < config.databases.size(); ++i)
    check_database(config.databases[i], element(document, "database", i), report);
}

}  // namespace shardway::proxy::config
