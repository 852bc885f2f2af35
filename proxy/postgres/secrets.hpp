// Secrets: what is known to check clients and to log in to servers, over all threads, for one configuration.
// ClientKeys: what clients' proofs have shown of passwords only known by verifiers; they outlive reloads.
// Keys, not iterations: a verifier is made once per user, keys learnt from one login serve the next (25 us instead of 2
// ms).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "protocol/postgres/login.hpp"
#include "proxy/config/config.hpp"

namespace shardway::proxy::postgres {

class ClientKeys {
 public:
  void learn(const std::string& verifier, const protocol::postgres::ScramKeys& keys);
  std::optional<protocol::postgres::ScramKeys> of(const std::string& verifier) const;
  // Those of verifiers the configuration has no more are forgotten.
  void keep_those_of(const config::Config& config);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, protocol::postgres::ScramKeys> by_verifier_;
};

class Secrets {
 public:
  Secrets(std::shared_ptr<const config::Config> config, std::shared_ptr<ClientKeys> client_keys);

  protocol::postgres::StoredSecret for_client(const std::string& user, protocol::postgres::AuthMethod method);
  // The keys recovered from a client's proof: they open the servers that have the same verifier.
  void learned_from_client(const std::string& user, const protocol::postgres::ScramKeys& keys);

  protocol::postgres::Credentials for_server(const std::string& user, std::uint32_t node);
  void learned_from_server(const std::string& user, std::uint32_t node, const protocol::postgres::ScramKeys& keys);

 private:
  const config::User* by_server_name(const std::string& server_user) const;
  std::optional<protocol::postgres::ScramKeys> shown_by_clients(const std::string& server_user) const;

  std::shared_ptr<const config::Config> config_;
  std::shared_ptr<ClientKeys> client_keys_;
  std::mutex mutex_;
  std::string mock_secret_;
  std::map<std::string, protocol::postgres::ScramVerifier> verifiers_;  // made from clear passwords
  std::map<std::pair<std::string, std::uint32_t>, protocol::postgres::ScramKeys>
      server_keys_;  // by server user and node
};

// Random bytes for nonces, salts and cancel keys; throws std::runtime_error if the system has none.
std::string random_bytes(std::size_t size);
inline constexpr std::size_t kNonceBytes = 18;  // of SCRAM, as libpq sends

}  // namespace shardway::proxy::postgres
