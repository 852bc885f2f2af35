#include "protocol/postgres/scram.hpp"

#include <utility>

#include "protocol/common/base64.hpp"
#include "protocol/postgres/scram_digest.hpp"

namespace shardway::protocol::postgres {
namespace {

constexpr std::uint32_t kMaxIterations = 1'000'000;
constexpr std::uint32_t kUsualIterations = 4096;
constexpr std::size_t kUsualSaltBytes = 16;
constexpr std::string_view kProofMark = ",p=";

struct ClientFirst {
  std::string_view gs2, bare, nonce;
};

// "n,," or "y,,", then "n=<user>,r=<nonce>" and extensions. The user is the startup packet's; this one is ignored.
std::optional<ClientFirst> parse_client_first(std::string_view message) {
  if (!message.starts_with("n,,") && !message.starts_with("y,,")) return std::nullopt;
  ClientFirst first{message.substr(0, 3), message.substr(3), {}};
  auto rest = first.bare;
  if (!take_attribute(rest, 'n')) return std::nullopt;  // "m=", a mandatory extension, would stand here
  const auto nonce = take_attribute(rest, 'r');
  if (!nonce || !is_nonce(*nonce)) return std::nullopt;
  while (!rest.empty()) {
    if (!skip_attribute(rest)) return std::nullopt;
  }
  first.nonce = *nonce;
  return first;
}

struct ClientFinal {
  std::string_view without_proof, binding, nonce;
  Digest proof{};
};

// "c=<gs2>,r=<nonce>", extensions, and at the end ",p=<proof>".
std::optional<ClientFinal> parse_client_final(std::string_view message) {
  const auto mark = message.rfind(kProofMark);
  if (mark == std::string_view::npos) return std::nullopt;
  ClientFinal final;
  final.without_proof = message.substr(0, mark);
  auto rest = final.without_proof;
  const auto binding = take_attribute(rest, 'c');
  const auto nonce = take_attribute(rest, 'r');
  const auto proof = digest_of_base64(message.substr(mark + kProofMark.size()));
  if (!binding || !nonce || !proof) return std::nullopt;
  while (!rest.empty()) {
    if (!skip_attribute(rest)) return std::nullopt;
  }
  final.binding = *binding;
  final.nonce = *nonce;
  final.proof = *proof;
  return final;
}

struct ServerFirst {
  std::string_view nonce;
  std::string salt;
  std::uint32_t iterations = 0;
};

std::optional<ServerFirst> parse_server_first(std::string_view message) {
  if (message.size() > kMaxServerMessage) return std::nullopt;
  const auto nonce = take_attribute(message, 'r');
  const auto salt_text = take_attribute(message, 's');
  const auto digits = take_attribute(message, 'i');
  if (!nonce || !salt_text || !digits || !message.empty() || !is_nonce(*nonce)) return std::nullopt;
  auto salt = base64_decode(*salt_text);
  const auto iterations = iterations_of(*digits);
  if (!salt || salt->empty() || salt->size() > kMaxSaltBytes) return std::nullopt;
  if (!iterations || *iterations > kMaxIterations) return std::nullopt;
  return ServerFirst{*nonce, *std::move(salt), *iterations};
}

}  // namespace

std::optional<ScramVerifier> parse_verifier(std::string_view text) {
  if (!text.starts_with(kSha256Mechanism)) return std::nullopt;
  text.remove_prefix(kSha256Mechanism.size());
  if (!text.starts_with('$')) return std::nullopt;
  text.remove_prefix(1);
  const auto colon = text.find(':');
  const auto dollar = text.find('$');
  const auto last_colon = text.rfind(':');
  if (colon == std::string_view::npos || dollar == std::string_view::npos) return std::nullopt;
  if (colon > dollar || last_colon < dollar) return std::nullopt;
  const auto iterations = iterations_of(text.substr(0, colon));
  auto salt = base64_decode(text.substr(colon + 1, dollar - colon - 1));
  const auto stored_key = digest_of_base64(text.substr(dollar + 1, last_colon - dollar - 1));
  const auto server_key = digest_of_base64(text.substr(last_colon + 1));
  if (!iterations || !salt || salt->empty() || salt->size() > kMaxSaltBytes) return std::nullopt;
  if (!stored_key || !server_key) return std::nullopt;
  return ScramVerifier{*iterations, *std::move(salt), *stored_key, *server_key};
}

std::string format_verifier(const ScramVerifier& verifier) {
  return std::string(kSha256Mechanism) + '$' + std::to_string(verifier.iterations) + ':' +
         base64_encode(verifier.salt) + '$' + base64_encode(bytes_of(verifier.stored_key)) + ':' +
         base64_encode(bytes_of(verifier.server_key));
}

ScramKeys derive_keys(std::string_view password, Bytes salt, std::uint32_t iterations) {
  auto salted = salted_password(password, salt, iterations);
  ScramKeys keys{iterations, std::string(salt), hmac_sha256(bytes_of(salted), "Client Key"),
                 hmac_sha256(bytes_of(salted), "Server Key")};
  wipe(salted);
  return keys;
}

ScramVerifier make_verifier(std::string_view password, Bytes salt, std::uint32_t iterations) {
  auto keys = derive_keys(password, salt, iterations);
  ScramVerifier verifier{iterations, keys.salt, sha256(bytes_of(keys.client_key)), keys.server_key};
  wipe(keys.client_key);
  return verifier;
}

ScramVerifier mock_verifier(std::string_view user, Bytes secret) {
  const auto derive = [&](std::string_view label) { return hmac_sha256(secret, std::string(label).append(user)); };
  const auto salt = derive("salt ");
  // A stored key is a hash of a client key; of one that is itself a keyed hash nobody knows the origin.
  return {kUsualIterations, std::string(bytes_of(salt).substr(0, kUsualSaltBytes)), derive("stored "),
          derive("server ")};
}

// The over_tls argument decides nothing as long as -PLUS is not offered (RFC 5802, section 6).
ScramServer::ScramServer(ScramVerifier verifier, Bytes nonce, bool /*over_tls*/)
    : verifier_(std::move(verifier)), nonce_(base64_encode(nonce)) {}

Result<void> ScramServer::first(Bytes message, std::string& reply) {
  if (!server_first_.empty()) return WireError::kUnexpected;
  if (message.size() > kMaxScramMessage) return WireError::kBadLength;
  const auto client = parse_client_first(message);
  if (!client) return WireError::kBadValue;
  gs2_ = client->gs2;
  client_first_bare_ = client->bare;
  nonce_.insert(0, client->nonce);
  server_first_ = "r=" + nonce_ + ",s=" + base64_encode(verifier_.salt) + ",i=" + std::to_string(verifier_.iterations);
  reply = server_first_;
  return {};
}

Result<bool> ScramServer::final(Bytes message, std::string& reply) {
  if (server_first_.empty()) return WireError::kUnexpected;
  if (message.size() > kMaxScramMessage) return WireError::kBadLength;
  const auto client = parse_client_final(message);
  if (!client || client->binding != base64_encode(gs2_) || client->nonce != nonce_) return WireError::kBadValue;
  const auto auth_message = client_first_bare_ + ',' + server_first_ + ',' + std::string(client->without_proof);
  auto key = exclusive_or(client->proof, hmac_sha256(bytes_of(verifier_.stored_key), auth_message));
  const auto stored_key = sha256(bytes_of(key));
  const bool is_right = equal_in_constant_time(bytes_of(stored_key), bytes_of(verifier_.stored_key));
  if (is_right) {
    client_key_ = key;
    reply = "v=" + base64_encode(bytes_of(hmac_sha256(bytes_of(verifier_.server_key), auth_message)));
  }
  wipe(key);
  return is_right;
}

ScramClient::ScramClient(std::string_view password, std::optional<ScramKeys> keys, Bytes nonce)
    : password_(password), keys_(std::move(keys)), nonce_(base64_encode(nonce)) {}

std::string ScramClient::first() {
  client_first_bare_ = "n=,r=" + nonce_;  // the server takes the user of the startup packet
  return "n,," + client_first_bare_;
}

Result<std::string> ScramClient::final(Bytes server_first) {
  if (client_first_bare_.empty() || !auth_message_.empty()) return WireError::kUnexpected;
  const auto server = parse_server_first(server_first);
  if (!server || server->nonce.size() <= nonce_.size() || !server->nonce.starts_with(nonce_)) {
    return WireError::kBadValue;
  }
  const bool keys_fit = keys_ && keys_->iterations == server->iterations && keys_->salt == server->salt;
  if (!keys_fit && password_.empty()) return WireError::kUnexpected;
  if (!keys_fit) keys_ = derive_keys(password_, server->salt, server->iterations);
  wipe(password_);
  auto message = "c=" + base64_encode("n,,") + ",r=" + std::string(server->nonce);
  auth_message_ = client_first_bare_ + ',' + std::string(server_first) + ',' + message;
  const auto stored_key = sha256(bytes_of(keys_->client_key));
  const auto proof = exclusive_or(keys_->client_key, hmac_sha256(bytes_of(stored_key), auth_message_));
  return message + std::string(kProofMark) + base64_encode(bytes_of(proof));
}

Result<void> ScramClient::finish(Bytes server_final) {
  if (auth_message_.empty()) return WireError::kUnexpected;
  if (server_final.size() > kMaxServerMessage) return WireError::kBadLength;
  const auto signature = take_attribute(server_final, 'v');
  if (!signature || !server_final.empty()) return WireError::kBadValue;
  const auto received = digest_of_base64(*signature);
  const auto expected = hmac_sha256(bytes_of(keys_->server_key), auth_message_);
  if (!received || !equal_in_constant_time(bytes_of(*received), bytes_of(expected))) return WireError::kBadValue;
  return {};
}

}  // namespace shardway::protocol::postgres
