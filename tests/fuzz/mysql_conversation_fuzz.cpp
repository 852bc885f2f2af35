// What servers and clients may send in the middle of a conversation: log-ins on both sides, and answers to a command.
// The first byte chooses; the rest is packets as they come.
#include "protocol/mysql/login.hpp"
#include "protocol/mysql/reply_tracker.hpp"

using namespace shardway::protocol;

namespace {

template <class See>
void for_each_packet(Bytes bytes, See see) {
  mysql::PacketHead head;
  while (mysql::peek_head(bytes, head) && bytes.size() >= head.size()) {
    if (!see(head, bytes.substr(mysql::kHeadBytes, head.length))) return;
    bytes.remove_prefix(head.size());
  }
}

void log_in_to_server(Bytes bytes, bool tls) {
  mysql::ServerLogin login({"app", "secret", "shop"}, ~mysql::Capabilities{0}, mysql::kUtf8mb4, tls, false);
  std::string out;
  for_each_packet(bytes, [&](const mysql::PacketHead& head, Bytes payload) {
    const auto step = login.on_packet(payload, head.sequence, out);
    if (step == mysql::LoginStep::kStartTls) login.on_tls(out);
    return step == mysql::LoginStep::kContinue || step == mysql::LoginStep::kStartTls;
  });
}

void log_client_in(Bytes bytes) {
  mysql::ClientLogin login("abcdefghijklmnopqrst");
  mysql::ClientSecret secret;
  secret.is_known = true;
  secret.native_hash = std::string(mysql::kScrambleBytes, 'h');
  std::string out;
  bool asked = false;
  for_each_packet(bytes, [&](const mysql::PacketHead& head, Bytes payload) {
    auto sequence = head.sequence;
    const auto response = mysql::decode_handshake_response(payload);
    if (asked) return login.on_answer(payload, out, sequence) == mysql::LoginStep::kContinue;
    if (!response) return false;
    asked = true;
    return login.on_proof(response->plugin, response->auth, secret, out, sequence) == mysql::LoginStep::kContinue;
  });
}

void follow_answer(Bytes bytes, mysql::Command command) {
  mysql::ReplyTracker tracker(command);
  for_each_packet(bytes, [&](const mysql::PacketHead& head, Bytes payload) {
    const auto first = payload.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(payload[0]);
    const bool whole = tracker.wants_whole(head, first);
    const auto seen = tracker.on_packet(head, whole ? payload : payload.substr(0, 1));
    return !seen.last && seen.part != mysql::Part::kUnknown;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0]) {
    case 0: log_in_to_server(bytes, false); break;
    case 1: log_in_to_server(bytes, true); break;
    case 2: log_client_in(bytes); break;
    default: follow_answer(bytes, static_cast<mysql::Command>(data[0]));
  }
  return 0;
}
