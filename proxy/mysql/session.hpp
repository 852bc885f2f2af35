// Session: one MySQL client connection, from the greeting to its end; the twin of postgres/session.hpp. It takes the
// client's commands one after the other (a client may send more before it has read), borrows a link for each, and
// passes the answer on. Between two commands it keeps the link only if a transaction is open or something is left
// behind on it that cannot be carried to another one: then the client is pinned, visibly, until that is over.
//
// A handler either consumes its packet or is blocked (it waits for a link); a blocked packet stays where it is and is
// handled again by resume(). Idle, a session holds no buffer.
//
// The parts, one file each: session.cpp (bytes in and out), session_login.cpp, session_command.cpp,
// session_prepared.cpp, session_links.cpp (borrowing and giving back), session_relay.cpp (answers), session_report.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/mysql/login.hpp"
#include "proxy/client.hpp"
#include "proxy/database.hpp"
#include "proxy/mysql/link.hpp"
#include "proxy/mysql/statements.hpp"
#include "proxy/mysql/traces.hpp"
#include "proxy/net/outbox.hpp"

namespace shardway::proxy {
class Worker;
}

namespace shardway::proxy::mysql {

class Session final : public Client, public LinkOwner {
 public:
  Session(Worker& worker, int fd, std::size_t listener, std::uint64_t id);
  ~Session() override;

  void start() override;
  void on_events(std::uint32_t events) override;
  void on_link_events(Link& link, std::uint32_t events) override;
  void resume() override;
  void drain(std::string_view reason) override;
  void kill(std::string_view reason) override;
  bool cancel(std::string_view) override { return false; }
  void check_timeouts(net::Time now) override;
  void close_links_when_returned() override;
  void adopt_generation() override;
  Database* database() noexcept override { return database_.get(); }
  const std::string& user() const noexcept override { return user_; }
  bool is_logging_in() const noexcept override { return phase_ < Phase::kReady; }
  router::PinReason pin() const noexcept override { return pin_; }
  stats::ClientRow row() const override;
  void add_server_rows(std::vector<stats::ServerRow>& rows) const override;
  void count(stats::PoolRow& pool) const override;

 private:
  enum class Phase : std::uint8_t { kGreeting, kTls, kProof, kReady, kClosed };
  enum class Step : std::uint8_t { kConsumed, kBlocked };
  using Packet = std::string_view;  // one packet, head included
  // A statement the client prepared, under the number it was told.
  struct ClientStatement {
    std::shared_ptr<const Statements::Text> text;
    Traces traces;
    std::uint16_t parameters = 0;
    std::string types;  // of the parameters, as the last execution that had them brought them
    bool has_long_data = false;
  };
  struct Waiting {
    Pool* pool = nullptr;
    std::uint64_t ticket = 0;
    net::Time since{};
    net::EventLoop::TimerId deadline = 0, retry = 0;
    std::unique_ptr<Link> link;  // granted
    std::optional<protocol::mysql::Err> fault;
    std::string message;  // fault's
  };

  // ---- session.cpp ----
  void pump();
  std::size_t consume(std::string_view in);
  std::size_t consume_packet(std::string_view in);
  std::size_t consume_file(std::string_view in, const protocol::mysql::PacketHead& head);
  bool stream_payload(const protocol::mysql::PacketHead& head, std::string_view in, std::size_t& used);
  void send(std::string_view bytes);
  void flush_all();
  bool backlogged() const noexcept;
  void end_of_client();
  void close();
  void fatal(std::uint16_t code, std::string_view sqlstate, std::string_view message);

  // ---- session_login.cpp ----
  void greet();
  void continue_tls();
  void on_login_packet(Packet packet);
  void on_response(std::string_view payload);
  void login_step(protocol::mysql::LoginStep step);
  void refuse_login(std::uint16_t code, std::string_view sqlstate, const std::string& message);
  protocol::mysql::ClientSecret secret_of(const std::string& user) const;
  void begin_session();
  bool choose_database(const std::string& name);
  Step change_user(Packet packet);
  void begin_again();  // what a fresh connection has
  struct Identity {    // what a COM_CHANGE_USER that fails leaves as it was
    std::string user, database_name;
    std::uint8_t collation;
  };
  void keep_identity(std::uint16_t code, std::string_view sqlstate, const std::string& message);

  // ---- session_command.cpp ----
  Step on_command(Packet packet);
  Step on_query(Packet packet);
  Step init_db(Packet packet);
  Step forward(protocol::mysql::Command command, Packet packet);
  Step refuse_kill();
  bool find_last_link(const Traces& traces);
  void leave(const Traces& traces);
  Step reset_connection();
  void answer_ok();
  void answer_error(std::uint16_t code, std::string_view sqlstate, std::string_view message);
  bool busy() const noexcept { return link_ != nullptr && link_->owes(); }

  // ---- session_prepared.cpp ----
  Step prepare(Packet packet);
  Step execute(Packet packet);
  Step send_long_data(Packet packet);
  Step close_statement(Packet packet);
  Step reset_statement(Packet packet);
  Step fetch(Packet packet);
  ClientStatement* statement_of(Packet packet);
  std::string with_types(Packet packet, ClientStatement& statement) const;
  bool is_on_link(const ClientStatement& statement);
  void unknown_statement(Packet packet, std::string_view what);
  void on_prepared(const Owed& owed, char* payload);

  // ---- session_links.cpp ----
  bool borrow();  // false: blocked, or failed and said so (then blocked_ is not set)
  bool bring_up_to_state();
  void wait_for(Pool& pool);
  void on_granted(std::unique_ptr<Link> link, const backend::OpenFailure& failure);
  void on_wait_deadline();
  void stop_waiting();
  void give_back(bool clean);
  void pin_to(router::PinReason reason, std::string detail);
  void unpin() noexcept;

  // ---- session_relay.cpp ----
  void read_link();
  std::size_t relay_packets(char* bytes, std::size_t size);
  static bool opens_cursor(const protocol::mysql::Seen& seen, std::string_view payload);
  void on_seen(const protocol::mysql::Seen& seen, std::string_view payload, bool& forward);
  void on_ok(std::string_view payload, std::uint8_t sequence, bool& forward);
  void learn(const protocol::mysql::Ok& ok);
  std::string shown_items(std::string_view tracked) const;
  void finish_answer();
  void finish_own_answer();
  void link_lost();

  Worker& worker_;
  net::Stream stream_;
  net::Outbox out_;
  std::string input_;
  std::size_t pass_remaining_ = 0;  // bytes of the client's that go straight to the link
  bool payload_goes_on_ = false;    // the client's next packet continues a payload
  const std::uint16_t listener_;
  Phase phase_ = Phase::kGreeting;
  bool readable_ = true, eof_ = false, blocked_ = false, pumping_ = false, reading_ = false;
  bool draining_ = false, outdated_ = false, deaf_ = false;
  bool sends_file_ = false;  // the server asked for one: the client's packets are its content
  bool link_is_ready_ = false, held_for_data_ = false;
  bool brings_insert_id_ = false;    // LAST_INSERT_ID() is to be what it was on another link
  bool own_variables_only_ = false;  // what the answer under way reports of variables is not the session's
  std::uint8_t sequence_ = 0;        // of the next packet of ours, where we answer ourselves
  protocol::mysql::Capabilities capabilities_ = 0;
  std::uint8_t collation_ = protocol::mysql::kUtf8mb4;
  std::string user_, database_name_, scramble_;
  std::unique_ptr<protocol::mysql::ClientLogin> login_;
  std::unique_ptr<Identity> before_change_;
  std::shared_ptr<const Generation> generation_;
  std::shared_ptr<Database> database_;
  backend::Pools<Link>::OfLogin* pools_ = nullptr;
  SharedState state_ = no_state();
  std::unique_ptr<Link> link_;
  std::unique_ptr<Waiting> waiting_;
  std::unique_ptr<std::unordered_map<std::uint32_t, ClientStatement>> statements_;
  std::uint32_t last_statement_ = 0;
  std::set<std::uint32_t> cursors_;  // statements with an open cursor
  router::PinReason pin_ = router::PinReason::kNone;
  std::string pin_detail_;
  std::int64_t pin_since_ = 0;
  std::uint16_t status_ = protocol::mysql::status::kAutocommit;  // the last one the client was told
  std::uint64_t insert_id_ = 0, last_link_ = 0;                  // where its last statement ran
  std::unique_ptr<protocol::mysql::Err> own_fault_;              // of what was asked to bring the link up to the state
  std::string own_fault_message_;
  protocol::mysql::Command command_ = protocol::mysql::Command::kSleep;  // under way
  std::uint32_t command_statement_ = 0;                                  // of EXECUTE, FETCH: the client's number
  std::uint32_t preparing_ = 0;  // the client's number for what is being prepared
  net::Time command_since_{}, last_packet_{};
  const std::int64_t connect_time_;
  net::EventLoop::TimerId timer_ = 0;
};

}  // namespace shardway::proxy::mysql
