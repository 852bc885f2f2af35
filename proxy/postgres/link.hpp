// Link: Shardway's object for one PostgreSQL server connection. It opens itself (TCP, TLS, startup, login), then
// carries what a session writes and knows at every moment which answers the server still owes. It belongs to one
// thread; a pool may detach it and attach it to another one. Protocol flow:
// https://www.postgresql.org/docs/15/protocol-flow.html
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/postgres/login.hpp"
#include "proxy/backend/pool.hpp"
#include "proxy/net/outbox.hpp"
#include "proxy/postgres/columns.hpp"
#include "proxy/postgres/secrets.hpp"
#include "proxy/postgres/settings.hpp"

namespace shardway::proxy::postgres {

class Link;
using Pool = backend::Pool<Link>;
using SharedPool = backend::SharedPool<Link>;

// What all links of one pool have in common.
struct LinkTarget {
  std::shared_ptr<const backend::Backend> backend;
  backend::Node* node = nullptr;
  router::ShardIndex shard = 0;
  std::string user;      // on the server
  std::string database;  // on the server
  std::shared_ptr<Secrets> secrets;
  net::TlsContext tls;  // null: off
};

// An answer the server owes. Local ones are owed by us, behind the server's earlier ones.
enum class Reply : std::uint8_t {
  kParse,
  kBind,
  kClose,
  kDescribe,
  kExecute,
  kSync,
  kQuery,
  kFunctionCall,
  kLocalParse,
  kLocalClose
};
struct Owed {
  Reply reply;
  bool drop = false;            // the client has not asked for it
  bool swallow_error = false;   // nor may it see an error for it
  std::uint64_t statement = 0;  // of a registered statement: its number
  bool unnamed = false;         // it is the unnamed statement
  bool begins = false;          // kQuery: it is Shardway's own BEGIN
};

// Whoever has a link lent to him.
class LinkOwner {
 public:
  virtual void on_link_events(Link& link, std::uint32_t events) = 0;
  virtual void on_cancel_delivered() = 0;  // a CancelRequest for one of its links can meet nothing sent from now on

 protected:
  ~LinkOwner() = default;
};

class Link final : public net::EventHandler {
 public:
  struct Login {
    std::string user;  // on the servers
    auto operator<=>(const Login&) const = default;
  };

  Link(std::shared_ptr<const LinkTarget> target, Pool& pool, std::uint64_t id);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // ---- for the pool ----
  void connect();  // begins; ends in Pool::opened() or Pool::open_failed()
  void attach(Pool& pool);
  void detach();
  net::Stream take_leave();  // of the server, which closes the connection then; closed: there is nothing to wait for
  bool reusable(net::Time now) const noexcept;  // clean, not too old, not idle for too long
  void rest(net::Time now) noexcept {           // nobody's from now on
    owner_ = nullptr;
    claim_.drop();
    idle_since_ = now;
  }
  void begin_reset(const std::vector<std::string>& statements);  // and then reports Pool::reset_done()

  // ---- for its owner ----
  void lend_to(LinkOwner* owner) noexcept { owner_ = owner; }
  LinkOwner* owner() const noexcept { return owner_; }
  std::string& out() noexcept { return outbox_.tail(); }
  bool flush();                                // false: the connection broke
  bool write_through(std::string_view bytes);  // big client data: around the buffer if it is empty
  bool has_backlog() const noexcept { return !outbox_.empty(); }
  net::IoResult read(char* into, std::size_t size) noexcept { return stream_.read(into, size); }
  void owe(Reply reply, bool drop = false, bool swallow_error = false, std::uint64_t statement = 0,
           bool unnamed = false) {
    if (reply == Reply::kQuery) unnamed_statement = 0;  // a Query drops it
    owed_.push_back({reply, drop, swallow_error, statement, unnamed});
    if (target_->node->role.load(std::memory_order_relaxed) == backend::Role::kReplica) claim();
  }
  // A ReadyForQuery has come: if nothing is owed any more, the node has answered.
  void note_ready() noexcept {
    if (owed_.empty()) claim_.end(backend::nanos_of(pool_->loop().now()));
  }
  std::deque<Owed>& owed() noexcept { return owed_; }
  // The answer to come is that to a BEGIN of Shardway's own: if that were cancelled, what travels behind it would run
  // by itself.
  bool owes_begin() const noexcept { return !owed_.empty() && owed_.front().begins; }
  bool owes() const noexcept { return !owed_.empty(); }
  bool is_broken() const noexcept { return broken_; }
  // Its owner hears that the server's side is gone, after what the server has said until now.
  void cut_off() noexcept { stream_.shut(); }
  // Its node is not any more what it was when this was opened: nothing may run here.
  bool is_stale() const noexcept { return target_->node->epoch.load(std::memory_order_relaxed) != epoch_; }
  void mark_broken() noexcept { broken_ = true; }
  void close_when_returned() noexcept { retired_ = true; }  // what it still owes is answered first

  // Statements prepared on this connection, by their number in the registry.
  bool has_statement(std::uint64_t id);
  // Prepared at this time, of the event loop's clock, or before.
  bool is_older(std::uint64_t id, std::int64_t than) const;
  // Closes it, that it may be prepared anew.
  void forget_statement(std::uint64_t id);
  // What the server has said of it here.
  Described described(std::uint64_t id, bool unnamed) const;
  void note_described(std::uint64_t id, bool unnamed, Described described);
  // Notes that `id` is being prepared; appends Close messages for the statements it pushes out.
  void remember_statement(std::uint64_t id, std::uint32_t limit);
  // The server skipped this message because of an earlier error: what it would have done is undone in our books.
  void undo(const Owed& skipped);
  void forget_all_statements() noexcept;
  std::size_t statement_count() const noexcept { return statements_.size(); }

  // What the server reported about itself; kept up to date by note_parameter().
  const std::vector<std::pair<std::string, std::string>>& parameters() const noexcept { return parameters_; }
  void note_parameter(std::string_view name, std::string_view value);
  const LinkTarget& target() const noexcept { return *target_; }
  Pool& pool() noexcept { return *pool_; }
  const net::Stream& stream() const noexcept { return stream_; }
  std::uint64_t id() const noexcept { return id_; }
  std::uint32_t process_id() const noexcept { return process_id_; }
  const std::string& secret() const noexcept { return secret_; }
  net::Time opened_at() const noexcept { return opened_at_; }
  std::int64_t connect_time() const noexcept { return connect_time_; }

  // ---- state a session keeps in the link it uses ----
  SharedSettings settings = no_settings();  // the SETs that are in force on this connection
  char status = 'I';                        // of the last ReadyForQuery
  std::string held;                         // the beginning of a frame that is not complete yet
  std::size_t pass_remaining = 0;           // bytes of a big frame that pass through as they come
  bool readable = false;                    // there may be more to read: the reader stopped early
  bool cancel_wanted = false;               // as soon as BEGIN is answered
  std::uint32_t cancels_in_flight = 0;  // nothing new may be sent, and it may not be lent on, until they are delivered
  std::uint64_t unnamed_statement = 0;  // the registry number of what the unnamed statement holds; 0: unknown
  std::uint64_t parameters_told = 0;    // of the statement whose description is coming

  void on_events(std::uint32_t events) override;

 private:
  enum class State : std::uint8_t { kConnecting, kTlsAnswer, kTlsHandshake, kLogin, kReady, kResetting };

  void say_goodbye();
  std::error_code try_next_address();
  void fail_to_connect(const std::error_code& error);
  void on_connected();
  void begin_startup();
  void continue_tls();
  void read_login();
  bool on_login_frame(char type, protocol::Bytes body);  // false: the link is gone
  void fail(bool from_server, std::string sqlstate, std::string message);
  void read_idle();
  void read_reset();
  void claim() noexcept { claim_.begin(target_->node->load, backend::nanos_of(pool_->loop().now())); }
  void arm_timeout();

  std::shared_ptr<const LinkTarget> target_;
  Pool* pool_;
  const std::uint64_t id_;
  net::Stream stream_;
  net::Outbox outbox_;
  LinkOwner* owner_ = nullptr;
  State state_ = State::kConnecting;
  const std::uint32_t epoch_;     // of its node, as it was opened
  std::size_t next_address_ = 0;  // of those the node's name stands for
  bool broken_ = false, retired_ = false;
  std::deque<Owed> owed_;
  struct Known {
    std::uint64_t last_use = 0;
    std::int64_t prepared_at = 0;
    Described described;
  };
  std::unordered_map<std::uint64_t, Known> statements_;
  std::pair<std::uint64_t, Described> unnamed_described_{};  // of which statement, and what
  std::uint64_t use_clock_ = 0;
  backend::Claim claim_;
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::uint32_t process_id_ = 0;
  std::string secret_;
  std::unique_ptr<protocol::postgres::ServerLogin> login_;
  net::Time opened_at_{}, idle_since_{};
  std::int64_t connect_time_ = 0;
  net::EventLoop::TimerId timeout_ = 0;
};

// The name a registered statement has on every server.
std::string server_statement_name(std::uint64_t id);

}  // namespace shardway::proxy::postgres
