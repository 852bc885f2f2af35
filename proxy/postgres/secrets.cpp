#include "proxy/postgres/secrets.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "proxy/config/words.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::uint32_t kIterations = 4096;  // PostgreSQL's own default
constexpr std::size_t kSaltBytes = 16;

bool is_verifier(std::string_view text) { return text.starts_with("SCRAM-SHA-256$"); }
bool is_md5(std::string_view text) { return text.size() == 35 && text.starts_with("md5"); }

const std::string& server_name(const config::User& user) {
  return user.server_user.empty() ? user.name : user.server_user;
}

}  // namespace

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (::RAND_bytes(static_cast<unsigned char*>(static_cast<void*>(bytes.data())), static_cast<int>(size)) != 1) {
    throw std::runtime_error("no random bytes from the system");
  }
  return bytes;
}

void ClientKeys::learn(const std::string& verifier, const pg::ScramKeys& keys) {
  const std::lock_guard lock(mutex_);
  by_verifier_[verifier] = keys;
}

std::optional<pg::ScramKeys> ClientKeys::of(const std::string& verifier) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_verifier_.find(verifier);
  return found == by_verifier_.end() ? std::nullopt : std::optional(found->second);
}

void ClientKeys::keep_those_of(const config::Config& config) {
  const std::lock_guard lock(mutex_);
  std::erase_if(by_verifier_, [&](const auto& entry) {
    return std::none_of(config.users.begin(), config.users.end(),
                        [&](const config::User& user) { return user.password == entry.first; });
  });
}

Secrets::Secrets(std::shared_ptr<const config::Config> config, std::shared_ptr<ClientKeys> client_keys)
    : config_(std::move(config)), client_keys_(std::move(client_keys)), mock_secret_(random_bytes(32)) {}

pg::StoredSecret Secrets::for_client(const std::string& user, pg::AuthMethod method) {
  pg::StoredSecret secret;
  const auto* known = config_->user(user);
  // A hash of MySQL's is no password here.
  secret.known = known != nullptr && config::kind_of_secret(known->password) != config::SecretKind::kNativeHash;
  if (!secret.known) {
    if (method == pg::AuthMethod::kScram) secret.verifier = pg::mock_verifier(user, mock_secret_);
    return secret;
  }
  if (is_verifier(known->password)) {
    secret.verifier = pg::parse_verifier(known->password);
    return secret;
  }
  secret.password = known->password;
  if (method != pg::AuthMethod::kScram || is_md5(known->password)) return secret;
  const std::lock_guard lock(mutex_);
  auto& verifier = verifiers_[user];
  if (verifier.salt.empty()) verifier = pg::make_verifier(known->password, random_bytes(kSaltBytes), kIterations);
  secret.verifier = verifier;
  return secret;
}

void Secrets::learned_from_client(const std::string& user, const pg::ScramKeys& keys) {
  const auto* known = config_->user(user);
  if (known != nullptr && is_verifier(known->password)) client_keys_->learn(known->password, keys);
}

const config::User* Secrets::by_server_name(const std::string& server_user) const {
  for (const auto& user : config_->users) {
    if (server_name(user) == server_user) return &user;
  }
  return nullptr;
}

std::optional<pg::ScramKeys> Secrets::shown_by_clients(const std::string& server_user) const {
  for (const auto& user : config_->users) {
    if (server_name(user) != server_user || !is_verifier(user.password)) continue;
    if (auto keys = client_keys_->of(user.password)) return keys;
  }
  return std::nullopt;
}

pg::Credentials Secrets::for_server(const std::string& user, std::uint32_t node) {
  pg::Credentials credentials;
  const auto* known = by_server_name(user);
  if (known == nullptr) return credentials;
  if (!known->server_password.empty()) {
    credentials.password = known->server_password;
  } else if (config::kind_of_secret(known->password) == config::SecretKind::kClearText) {
    credentials.password = known->password;
  }
  const std::lock_guard lock(mutex_);
  if (const auto kept = server_keys_.find({user, node}); kept != server_keys_.end()) {
    credentials.keys = kept->second;
  } else {
    credentials.keys = shown_by_clients(user);
  }
  return credentials;
}

void Secrets::learned_from_server(const std::string& user, std::uint32_t node, const pg::ScramKeys& keys) {
  const std::lock_guard lock(mutex_);
  server_keys_[{user, node}] = keys;
}

}  // namespace shardway::proxy::postgres
