#include "proxy/config/config.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "proxy/config/check.hpp"
#include "proxy/config/keys.hpp"

namespace shardway::proxy::config {
namespace {

constexpr std::size_t kLargestFile = 4u << 20;  // nobody writes one by hand; /dev/zero is endless

template <class T>
const T* by_name(const std::vector<T>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [name](const T& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// parse -> model -> check; a database's topology is made only of what passed.
std::shared_ptr<const Config> read(std::string_view text, Report& report) {
  const auto parsed = parse_document(text);
  if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
    report.error(error->at, "not TOML: " + error->message,
                 "the rest of the file was not looked at; see https://toml.io");
    return nullptr;
  }
  const Value& document = std::get<Value>(parsed);
  auto config = std::make_shared<Config>();
  read_section(*config, root_keys(), document, Scope{report, ""});
  check(*config, document, report);
  if (report.failed()) return nullptr;
  for (Database& database : config->databases) database.topology = make_topology(database);
  return config;
}

bool has_secrets(const Config& config) {
  const auto secret_user = [](const User& u) { return !u.password.empty() || !u.server_password.empty(); };
  const auto secret_control = [](const Database& d) { return !d.control.password.empty(); };
  return std::any_of(config.users.begin(), config.users.end(), secret_user) ||
         std::any_of(config.databases.begin(), config.databases.end(), secret_control);
}

Loaded unreadable(const std::string& file, const std::string& why) {
  return {nullptr, {{file, 0, 0, "cannot read the configuration: " + why, "check the name and who may read it", {}}}};
}

}  // namespace

const User* Config::user(std::string_view name) const { return by_name(users, name); }
std::string Config::server_password(std::string_view server_user) const {
  for (const auto& user : users) {
    if ((user.server_user.empty() ? user.name : user.server_user) != server_user) continue;
    if (!user.server_password.empty()) return user.server_password;
    return kind_of_secret(user.password) == SecretKind::kClearText ? user.password : std::string();
  }
  return {};
}
const Database* Config::database(std::string_view name) const { return by_name(databases, name); }

Loaded load_text(const std::string& file, std::string_view text) {
  Report report(file);
  Loaded out;
  out.config = read(text, report);
  out.diagnostics = report.take();
  return out;
}

Loaded load(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return unreadable(file, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return unreadable(file, "it is a folder");
  std::ifstream in(file, std::ios::binary);
  if (!in) return unreadable(file, std::strerror(errno));
  std::string text(kLargestFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return unreadable(file, "reading failed");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kLargestFile) return unreadable(file, "it has more than 4 MiB");
  Loaded out = load_text(file, text);
  if (out.config && has_secrets(*out.config) && (info.st_mode & S_IROTH) != 0)
    out.diagnostics.push_back({file, 1, 1, "everybody on this machine can read the passwords in this file",
                               "chmod 640 it, for the user Shardway runs as", Severity::kWarning});
  return out;
}

}  // namespace shardway::proxy::config
