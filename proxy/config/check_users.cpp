#include <algorithm>
#include <map>
#include <set>

#include "proxy/config/check.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {
namespace {

bool any_listener(const Config& config, AuthMethod method) {
  return std::any_of(config.listen.begin(), config.listen.end(),
                     [method](const Listen& l) { return l.auth == method; });
}
bool only_listener(const Config& config, AuthMethod method) {
  return std::all_of(config.listen.begin(), config.listen.end(),
                     [method](const Listen& l) { return l.auth == method; });
}

constexpr char kGivePassword[] = "add server_password, or give the password in clear text";

// A verifier logs in to the servers with the key that the client's own SCRAM proof reveals: no proof, no key.
void check_verifier(const Config& config, const User& user, Position at, Report& report) {
  if (!user.server_password.empty()) return;
  if (!only_listener(config, AuthMethod::kScram))
    report.error(
        at,
        "user " + quote(user.name) +
            ": with a SCRAM verifier alone nobody could log in to the servers after a login that is not scram-sha-256",
        std::string(kGivePassword) + ", or use auth = \"scram-sha-256\" on every listener");
  else if (!user.server_user.empty() && user.server_user != user.name)
    report.error(at,
                 "user " + quote(user.name) + ": a SCRAM verifier alone cannot log in as " + quote(user.server_user),
                 kGivePassword);
}

void check_md5(const Config& config, const User& user, Position at, Report& report) {
  if (user.server_password.empty())
    report.error(at, "user " + quote(user.name) + ": an md5 hash alone cannot log in to the servers", kGivePassword);
  if (!config.listen.empty() && only_listener(config, AuthMethod::kScram))
    report.error(at, "user " + quote(user.name) + ": an md5 hash cannot answer a scram-sha-256 login",
                 "give a SCRAM verifier or the password in clear text, or use auth = \"md5\" on a listener");
}

void check_secret(const Config& config, const User& user, const Value& at, Report& report) {
  const Position place = where(at, {"password"});
  switch (kind_of_secret(user.password)) {
    case SecretKind::kNone:
      if (!config.listen.empty() && !any_listener(config, AuthMethod::kTrust) && !unread(at, "password", report))
        report.error(place, "user " + quote(user.name) + ": without a password nobody can log in as this user",
                     "add password = \"…\", in clear text or as a SCRAM-SHA-256 verifier");
      break;
    case SecretKind::kClearText: break;
    case SecretKind::kMd5: check_md5(config, user, place, report); break;
    case SecretKind::kScramVerifier: check_verifier(config, user, place, report); break;
    case SecretKind::kNativeHash:
      if (user.server_password.empty())
        report.error(place,
                     "user " + quote(user.name) + ": a mysql_native_password hash alone cannot log in to the servers",
                     kGivePassword);
      break;
    case SecretKind::kBrokenVerifier:
      report.error(place, "user " + quote(user.name) + ": the password begins like a SCRAM verifier but is not one",
                   "copy rolpassword from pg_authid: SCRAM-SHA-256$4096:salt$StoredKey:ServerKey");
      break;
  }
  const SecretKind server = kind_of_secret(user.server_password);
  if (server != SecretKind::kNone && server != SecretKind::kClearText)
    report.error(where(at, {"server_password"}),
                 "user " + quote(user.name) + ": server_password must be the password in clear text",
                 "a verifier or a hash cannot log in to a server");
}

// Users who are one user on the servers share its connections: they are not told apart there.
void check_shared_logins(const Config& config, const Value& document, Report& report) {
  struct Login {
    const User* user;
    std::string_view password;
  };
  std::map<std::string_view, Login> seen;
  for (std::size_t i = 0; i < config.users.size(); ++i) {
    const User& user = config.users[i];
    const std::string_view on_server = user.server_user.empty() ? user.name : user.server_user;
    const bool own = user.server_password.empty() && kind_of_secret(user.password) == SecretKind::kClearText;
    const std::string_view password = own ? std::string_view(user.password) : std::string_view(user.server_password);
    if (password.empty()) continue;
    const auto [at, is_new] = seen.try_emplace(on_server, Login{&user, password});
    if (is_new || at->second.password == password || at->second.user->name == user.name) continue;
    report.error(where(element(document, "user", i), {"name"}),
                 "user " + quote(user.name) + " logs in to the servers as " + quote(on_server) +
                     " with another password than user " + quote(at->second.user->name),
                 "give both the same server_password, or different server users");
  }
}

}  // namespace

void check_users(const Config& config, const Value& document, Report& report) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < config.users.size(); ++i) {
    const User& user = config.users[i];
    const Value& at = element(document, "user", i);
    if (!user.name.empty() && !seen.insert(user.name).second)
      report.error(where(at, {"name"}), "user " + quote(user.name) + " is there twice",
                   "remove one of the two [[user]]");
    check_secret(config, user, at, report);
  }
  check_shared_logins(config, document, report);
}

}  // namespace shardway::proxy::config
