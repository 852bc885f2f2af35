// Both SCRAM machines and both logins against a peer that sends anything: the first byte chooses who is asked, each
// line of the rest (a 0xff byte ends one) is one message. Nobody may be let in: the peer does not know the password.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "protocol/postgres/login.hpp"
#include "protocol/postgres/scram.hpp"

using namespace shardway::protocol;
using namespace shardway::protocol::postgres;

namespace {

constexpr char kSeparator = '\xff';
const std::string kNonce(18, 'n');

std::vector<Bytes> split(Bytes bytes) {
  std::vector<Bytes> messages;
  while (!bytes.empty()) {
    const auto end = bytes.find(kSeparator);
    messages.push_back(bytes.substr(0, end));
    bytes = end == Bytes::npos ? Bytes{} : bytes.substr(end + 1);
  }
  return messages;
}

const ScramVerifier& verifier() {
  static const auto made = make_verifier("a password nobody guesses", "0123456789abcdef", 1);
  return made;
}

void scram_server(const std::vector<Bytes>& messages) {
  ScramServer server(verifier(), kNonce, false);
  std::string reply;
  for (const auto message : messages) {
    if (server.first(message, reply)) continue;
    const auto is_right = server.final(message, reply);
    if (is_right && *is_right) std::abort();
  }
}

void scram_client(const std::vector<Bytes>& messages) {
  // With keys and no password: iterations that a fuzzer likes to raise would only slow it down.
  const ScramKeys keys{1, "salt", {}, {1, 2, 3}};
  ScramClient client("", keys, kNonce);
  (void)client.first();
  for (const auto message : messages) {
    if (client.final(message)) continue;
    if (client.finish(message)) std::abort();
  }
}

void client_login(AuthMethod method, const std::vector<Bytes>& messages) {
  ClientLogin login(method, "ann", {"a password nobody guesses", verifier(), true}, kNonce, true);
  std::string out;
  (void)login.start(out);
  for (const auto message : messages) {
    if (login.on_message(message, out) == LoginStep::kDone) std::abort();
  }
}

void server_login(const std::vector<Bytes>& messages) {
  Credentials credentials;
  credentials.keys = ScramKeys{1, "salt", {}, {1, 2, 3}};
  ServerLogin login("ann", credentials, kNonce, false);
  std::string out;
  for (const auto message : messages) (void)login.on_authentication(message, out);
  if (login.keys()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto messages = split(rest);
  switch (data[0] % 6) {
    case 0: scram_server(messages); break;
    case 1: scram_client(messages); break;
    case 2: client_login(AuthMethod::kPassword, messages); break;
    case 3: client_login(AuthMethod::kMd5, messages); break;
    case 4: client_login(AuthMethod::kScram, messages); break;
    default: server_login(messages); break;
  }
  if (const auto parsed = parse_verifier(rest); parsed && !parse_verifier(format_verifier(*parsed))) std::abort();
  return 0;
}
