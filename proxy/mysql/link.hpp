// Link: Shardway's object for one MySQL or MariaDB server connection, the twin of postgres/link.hpp. It opens itself
// (TCP, TLS, log-in, session tracking switched on), then carries what a session writes and knows at every moment which
// commands the server still has to answer. It belongs to one thread; a pool may attach it to another one.
// Every link speaks with kDeprecateEof and kSessionTrack: https://mariadb.com/kb/en/ok_packet/
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/mysql/login.hpp"
#include "protocol/mysql/reply_tracker.hpp"
#include "proxy/backend/pools.hpp"
#include "proxy/mysql/state.hpp"
#include "proxy/net/outbox.hpp"

namespace shardway::proxy::mysql {

class Link;
using Pool = backend::Pool<Link>;

struct Login {
  std::string user;                                // on the servers
  protocol::mysql::Capabilities capabilities = 0;  // those that change what statements mean: the client's own
  std::uint8_t collation = protocol::mysql::kUtf8mb4;
  bool has_schema = true;  // a connection that has selected one cannot be without again
  bool is_beside = false;  // for Shardway's own KILLs, which must not wait for what they are to end
  auto operator<=>(const Login&) const = default;
};

// What all links of one pool have in common.
struct LinkTarget {
  std::shared_ptr<const backend::Backend> backend;
  backend::Node* node = nullptr;
  router::ShardIndex shard = 0;
  Login login;
  std::string password;
  net::TlsContext tls;  // null: off
};

// A command the server has not answered completely.
struct Owed {
  protocol::mysql::Command command;
  protocol::mysql::ReplyTracker tracker;
  bool drop = false;            // the client has not asked for it
  std::uint64_t statement = 0;  // kStmtPrepare of a registered statement: its number
};

// What the server tells a client of its session that has not changed session_track_* (SESSION_TRACK in an OK packet).
struct ShownTracking {
  std::string variables;  // "autocommit,time_zone", "*"
  bool schema = true, state_change = false, transactions = false, characteristics = false;
  bool shows(std::string_view variable) const;
};

// Whoever has a link lent to him.
class LinkOwner {
 public:
  virtual void on_link_events(Link& link, std::uint32_t events) = 0;

 protected:
  ~LinkOwner() = default;
};

class Link final : public net::EventHandler {
 public:
  using Login = mysql::Login;

  Link(std::shared_ptr<const LinkTarget> target, Pool& pool, std::uint64_t id);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // ---- for the pool ----
  void connect();  // begins; ends in Pool::opened() or Pool::open_failed()
  void attach(Pool& pool);
  void detach();
  net::Stream take_leave();  // of the server, which closes the connection then; closed: there is nothing to wait for
  bool reusable(net::Time now) const noexcept;
  void rest(net::Time now) noexcept {
    owner_ = nullptr;
    claim_.drop();
    idle_since_ = now;
  }
  // The statements, COM_RESET_CONNECTION, and what it takes away put back; and then reports Pool::reset_done().
  void begin_reset(const std::vector<std::string>& statements = {});
  // The reset alone, while it is lent: its owner waits for the answers.
  void ask_reset();

  // ---- for its owner ----
  void lend_to(LinkOwner* owner) noexcept { owner_ = owner; }
  std::string& out() noexcept { return outbox_.tail(); }
  bool flush();  // false: the connection broke
  bool write_through(std::string_view bytes);
  bool has_backlog() const noexcept { return !outbox_.empty(); }
  net::IoResult read(char* into, std::size_t size) noexcept { return stream_.read(into, size); }
  // Appends a command of ours, whose answer nobody sees.
  void ask(protocol::mysql::Command command, std::string_view argument);
  void owe(protocol::mysql::Command command, bool drop = false, std::uint64_t statement = 0);
  std::deque<Owed>& owed() noexcept { return owed_; }
  bool owes() const noexcept { return !owed_.empty(); }
  void pop_owed() noexcept;  // the first one is answered
  bool is_broken() const noexcept { return broken_; }
  // Its owner hears that the server's side is gone, after what the server has said until now.
  void cut_off() noexcept { stream_.shut(); }
  // Its node is not any more what it was when this was opened: nothing may run here.
  bool is_stale() const noexcept { return target_->node->epoch.load(std::memory_order_relaxed) != epoch_; }
  void mark_broken() noexcept { broken_ = true; }
  void close_when_returned() noexcept { retired_ = true; }

  // Statements prepared on this connection: the registry's number -> the server's. 0: not there.
  std::uint32_t statement(std::uint64_t registered);
  // Beyond `limit` the one used longest ago is closed there, if it is not among those `needed`.
  void remember_statement(std::uint64_t registered, std::uint32_t on_server, std::uint32_t limit,
                          const std::vector<std::uint64_t>& needed);
  std::size_t statement_count() const noexcept { return statements_.size(); }

  const LinkTarget& target() const noexcept { return *target_; }
  Pool& pool() noexcept { return *pool_; }
  const net::Stream& stream() const noexcept { return stream_; }
  std::uint64_t id() const noexcept { return id_; }
  std::uint32_t connection_id() const noexcept { return connection_id_; }  // the server's number for it
  const std::string& server_version() const noexcept { return server_version_; }
  protocol::mysql::Capabilities capabilities() const noexcept { return capabilities_; }
  std::int64_t connect_time() const noexcept { return connect_time_; }
  const std::map<std::string, std::string>& base() const noexcept { return base_; }
  const ShownTracking& shown() const noexcept { return shown_; }
  // A lock waited for too long (1205) ends the transaction and not the statement alone: innodb_rollback_on_timeout.
  bool rolls_back_on_timeout() const noexcept { return rolls_back_on_timeout_; }
  // What its transactions are where nobody has said otherwise: "REPEATABLE-READ"; READ ONLY.
  const std::string& isolation() const noexcept { return isolation_; }
  bool reads_only() const noexcept { return reads_only_; }

  // ---- state a session keeps in the link it uses ----
  SharedState state = no_state();
  std::uint16_t status = protocol::mysql::status::kAutocommit;  // of the last OK or EOF
  std::string held;                                             // the beginning of a packet that is not complete yet
  std::size_t pass_remaining = 0;                               // bytes of a packet that pass through as they come
  bool metadata_ended = false;                                  // an EOF of old may be due behind the definitions
  bool pass_hidden = false;                                     // and none of them to the client
  bool payload_goes_on = false;                                 // the next packet continues the last one's payload
  // The client's command under way as it came, should the connection break over it. Empty: none, or too long.
  std::string asked;
  bool may_be_open = false;  // a transaction that the status does not tell of
  std::uint8_t shift = 0;    // added to the numbers of this answer's packets
  bool readable = false;
  bool version_told = false;     // to those who greet clients
  bool xa_begun = false;         // a branch of the session's transaction is open on it
  bool wrote = false;            // and has written
  bool failed = false;           // and has not ended as it was told
  bool rollback_failed = false;  // not even so
  // The client whose SET STATEMENT or NOWAIT ran last: its variables' way back is reported with the next statement. 0:
  // nobody's.
  std::uint64_t late_report_of = 0;
  // Between two clients LAST_INSERT_ID() is 0. Whether it may be something else by now, and the client whose it is
  // whatever it is: 0: whose it is only if it is not 0.
  bool has_insert_id = false;
  std::uint64_t insert_id_of = 0;
  // It was one of several that ran a statement, and what it has is not what the client was told.
  bool insert_id_is_partial = false;
  std::uint64_t last_user = 0;  // the client whose statement ran here last
  // The clients whose warnings and errors it may still have, and whose FOUND_ROWS() it has; 0: nobody's.
  std::uint64_t diagnostics_of = 0, rows_found_of = 0;
  router::Numbering numbering;  // by which it was told to count AUTO_INCREMENT columns up
  bool holds_number = false;    // SET insert_id, which no row may have used
  bool keeps_rows = false;      // of a cursor that was closed while another link was at hand

  void on_events(std::uint32_t events) override;

 private:
  enum class State : std::uint8_t { kConnecting, kTlsHandshake, kLogin, kPreparing, kReady, kResetting };

  void say_goodbye();
  std::error_code try_next_address();
  void fail_to_connect(const std::error_code& error);
  void on_connected();
  void continue_tls();
  void read_login();
  bool on_login_packet(const protocol::mysql::PacketHead& head, std::string_view payload);  // false: the link is gone
  void begin_preparing();
  void read_own_answers();
  void take_base(std::string_view payload);
  void finish_opening();
  void fail(bool from_server, std::uint16_t code, std::string message);
  void read_idle();
  void arm_timeout();
  void disarm_timeout();

  std::shared_ptr<const LinkTarget> target_;
  Pool* pool_;
  const std::uint64_t id_;
  net::Stream stream_;
  net::Outbox outbox_;
  LinkOwner* owner_ = nullptr;
  State state_ = State::kConnecting;
  const std::uint32_t epoch_;  // of its node, as it was opened
  std::size_t next_address_ = 0;
  bool broken_ = false, retired_ = false;
  std::deque<Owed> owed_;
  struct Prepared {
    std::uint32_t on_server = 0;
    std::uint64_t last_use = 0;
  };
  std::unordered_map<std::uint64_t, Prepared> statements_;
  std::uint64_t use_clock_ = 0;
  backend::Claim claim_;
  std::unique_ptr<protocol::mysql::ServerLogin> login_;
  std::uint32_t connection_id_ = 0;
  std::string server_version_;
  protocol::mysql::Capabilities capabilities_ = 0;
  std::map<std::string, std::string> base_;  // variables whose value after log-in is not their DEFAULT
  ShownTracking shown_;
  bool rolls_back_on_timeout_ = false, reads_only_ = false;
  std::string isolation_;
  net::Time opened_at_{}, idle_since_{};
  std::int64_t connect_time_ = 0;
  net::EventLoop::TimerId timeout_ = 0;
};

}  // namespace shardway::proxy::mysql
