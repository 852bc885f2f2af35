// Every decoder of MySQL's messages on any bytes: no crash, no read beyond them; what was read comes back when written.
#include <cstdlib>

#include "protocol/mysql/execution.hpp"
#include "protocol/mysql/messages.hpp"

using namespace shardway::protocol;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(reinterpret_cast<const char*>(data), size);
  mysql::PacketHead head;
  mysql::peek_head(bytes, head);
  static_cast<void>(mysql::decode_greeting(bytes));
  static_cast<void>(mysql::decode_handshake_response(bytes));
  static_cast<void>(mysql::decode_auth_switch(bytes));
  static_cast<void>(mysql::decode_err(bytes));
  static_cast<void>(mysql::decode_eof(bytes));
  static_cast<void>(mysql::decode_prepare_ok(bytes));
  for (const std::size_t parameters : {0, 1, 3, 9}) {
    const auto execution = mysql::decode_execution(bytes, parameters);
    if (execution && execution->values.size() != (parameters == 0 ? 0 : execution->types.size())) std::abort();
  }
  for (const auto capabilities :
       {mysql::Capabilities{0}, mysql::capability::kSessionTrack | mysql::capability::kPluginAuth}) {
    static_cast<void>(mysql::decode_change_user(bytes, capabilities));
    const auto ok = mysql::decode_ok(bytes, capabilities);
    if (!ok) continue;
    if (const auto items = mysql::decode_tracked(ok->tracked)) {
      for (const auto& item : *items) {
        static_cast<void>(mysql::decode_system_variables(item.data));
        static_cast<void>(mysql::decode_tracked_string(item.data));
      }
    }
    std::string out;
    std::uint8_t sequence = 0;
    mysql::encode(out, sequence, *ok, capabilities);
    const auto again = mysql::decode_ok(Bytes(out).substr(mysql::kHeadBytes), capabilities);
    if (!again || again->affected_rows != ok->affected_rows || again->info != ok->info) std::abort();
  }
  return 0;
}
