#include "proxy/postgres/secrets.hpp"

#include <openssl/rand.h>

#include <stdexcept>

#include "proxy/config/words.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

constexpr std::uint32_t kIterations = 4096;  // PostgreSQL's own default
constexpr std::size_t kSaltBytes = 16;

bool is_verifier(std::string_view text) { return text.starts_with("SCRAM-SHA-256$"); }
bool is_md5(std::string_view text) { return text.size() == 35 && text.starts_with("md5"); }

}  // namespace

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (::RAND_bytes(static_cast<unsigned char*>(static_cast<void*>(bytes.data())), static_cast<int>(size)) != 1) {
    throw std::runtime_error("no random bytes from the system");
  }
  return bytes;
}

Secrets::Secrets(std::shared_ptr<const config::Config> config)
    : config_(std::move(config)), mock_secret_(random_bytes(32)) {}

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
  if (known == nullptr || !is_verifier(known->password)) return;
  const std::lock_guard lock(mutex_);
  client_keys_[known->server_user.empty() ? user : known->server_user] = keys;
}

const config::User* Secrets::by_server_name(const std::string& server_user) const {
  for (const auto& user : config_->users) {
    if ((user.server_user.empty() ? user.name : user.server_user) == server_user) return &user;
  }
  return nullptr;
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
  } else if (const auto learned = client_keys_.find(user); learned != client_keys_.end()) {
    credentials.keys = learned->second;
  }
  return credentials;
}

void Secrets::learned_from_server(const std::string& user, std::uint32_t node, const pg::ScramKeys& keys) {
  const std::lock_guard lock(mutex_);
  server_keys_[{user, node}] = keys;
}

}  // namespace shardway::proxy::postgres
