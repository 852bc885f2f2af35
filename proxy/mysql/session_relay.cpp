// Answers: what a server sends passes to the client, in as few pieces as possible. Rows and definitions are not looked
// into; what the packets that are tell is session_answer.cpp. https://mariadb.com/kb/en/4-server-response-packets/
#include <sys/epoll.h>

#include "proxy/mysql/session.hpp"
#include "proxy/worker.hpp"

namespace shardway::proxy::mysql {

namespace my = protocol::mysql;

namespace {

// A client that has the beginning of a packet can be told nothing if the rest does not come: only big ones pass in
// pieces.
constexpr std::size_t kSmallBytes = 8192;

}  // namespace

void Session::on_link_events(Link& link, std::uint32_t events) {
  if (phase_ == Phase::kClosed) return;
  if (&link != link_.get()) {  // parked: what it says is read when it is its turn
    if ((events & EPOLLOUT) != 0) link.flush();
    link.readable = true;
    return;
  }
  if ((events & EPOLLOUT) != 0 && link.has_backlog()) {
    if (!link.flush()) return link_lost();
    if (!backlogged() && readable_) pump();
    if (phase_ == Phase::kClosed || &link != link_.get()) return;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  link.readable = true;
  read_link();
}

constexpr std::size_t kMostOfAHead = 256 * 1024;  // of definitions that are held until they are complete

// One walk over what a link has received. Everything from `run_` on waits to be forwarded.
class Session::Relay {
 public:
  Relay(Session& session, char* bytes, std::size_t size)
      : session_(session), link_(*session.link_), bytes_(bytes), size_(size) {}

  // How many bytes are done with.
  std::size_t walk() {
    while (at_ < size_ && session_.link_.get() == &link_ && session_.phase_ != Phase::kClosed) {
      if (link_.pass_remaining > 0) {
        pass();
      } else if (!read_head()) {
        break;
      } else if (link_.payload_goes_on) {
        continue_payload();
      } else if (!begin_payload()) {
        break;
      } else if (session_.phase_ == Phase::kClosed) {
        return size_;
      }
    }
    if (is_in_head())
      hold_head();
    else
      forward_up_to(at_);
    return at_;
  }

 private:
  void forward_up_to(std::size_t end) {
    auto& head = session_.head_.bytes;
    if (!head.empty()) {
      session_.answer_begun_ = true;
      head.append(bytes_ + run_, end - run_);
      session_.send(head);
      head.clear();
      run_ = end;
    }
    if (end > run_) session_.send({bytes_ + run_, end - run_});
    session_.answer_begun_ = session_.answer_begun_ || end > run_;
    run_ = end;
  }

  bool is_in_head() const {
    return session_.link_.get() == &link_ && link_.owes() && !drop_ && !hidden_ &&
           link_.owed().front().tracker.is_in_definitions() && session_.head_.bytes.size() < kMostOfAHead;
  }

  // A client that has some of the definitions can be told nothing if the rest does not come.
  void hold_head() {
    if (session_.head_.bytes.empty()) {
      forward_up_to(std::max(run_, head_at_));
      session_.head_.number_before = number_before_;
      session_.head_.begun_before = session_.answer_begun_;
    }
    session_.head_.bytes.append(bytes_ + run_, at_ - run_);
    run_ = at_;
  }

  void pass() {
    const auto piece = std::min(link_.pass_remaining, size_ - at_);
    at_ += piece;
    link_.pass_remaining -= piece;
    if (link_.pass_hidden) run_ = at_;
  }

  std::string_view in() const noexcept { return {bytes_ + at_, size_ - at_}; }
  std::uint8_t number() const noexcept { return static_cast<std::uint8_t>(bytes_[at_ + 3]); }
  void set_number(std::size_t number) noexcept { bytes_[at_ + 3] = static_cast<char>(number); }

  // The packet gets the number it has for the client. False: it is not there yet, or nobody has asked for it.
  bool read_head() {
    if (!my::peek_head(in(), head_) || !link_.owes() || (head_.length > 0 && in().size() == my::kHeadBytes)) {
      if (!link_.owes()) link_.mark_broken();  // a farewell
      return false;
    }
    drop_ = link_.owed().front().drop;
    set_number(head_.sequence + link_.shift);
    return true;
  }

  void continue_payload() {
    link_.payload_goes_on = head_.goes_on();
    link_.pass_remaining = head_.size();
    if (session_.spread_ && !link_.pass_hidden) ++session_.spread_->next_number;
  }

  // False: more of it has to come first.
  bool begin_payload() {
    auto& tracker = link_.owed().front().tracker;
    const auto first = head_.length > 0 ? static_cast<std::uint8_t>(in()[my::kHeadBytes]) : std::uint8_t{0};
    const bool whole = drop_ || head_.size() <= kSmallBytes || tracker.wants_whole(head_, first);
    if (whole && in().size() < head_.size()) {
      set_number(head_.sequence);
      return false;
    }
    forward_ = !drop_;
    if (drop_) forward_up_to(at_);
    const auto payload = in().substr(my::kHeadBytes, std::min(in().size(), head_.size()) - my::kHeadBytes);
    if (drop_ && session_.insert_id_packets_ != 0)
      session_.gather_insert_id(payload);
    else if (drop_ && session_.gathers_diagnostics())
      session_.gather_diagnostics(payload);
    const bool was_in_definitions = tracker.is_in_definitions();
    const auto seen = tracker.on_packet(head_, payload);
    if (!was_in_definitions && tracker.is_in_definitions()) {
      head_at_ = at_;
      number_before_ = session_.number_told_;
    }
    place(seen);
    if (std::exchange(link_.metadata_ended, false) && !opens_cursor(seen, payload)) put_end_of_definitions();
    note_number();
    show(seen, payload);
    if (session_.phase_ == Phase::kClosed || session_.link_.get() != &link_) return true;
    link_.payload_goes_on = head_.goes_on();
    link_.pass_hidden = !forward_;
    if (in().size() < head_.size())
      link_.pass_remaining = head_.size();
    else
      end_packet(seen);
    return true;
  }

  // Of several shards' answers: hidden, or under the number that follows the last one shown.
  void place(const my::Seen& seen) {
    const auto& spread = session_.spread_;
    hidden_ = spread && !drop_ && session_.hides(seen.part);
    if (hidden_) {
      forward_up_to(at_);
      forward_ = false;
    } else if (spread && !drop_ && spread->at > 0) {
      link_.shift = static_cast<std::uint8_t>(spread->next_number - head_.sequence);
      set_number(spread->next_number);
    }
  }

  // For clients of old, between the definitions and this packet.
  void put_end_of_definitions() {
    forward_up_to(at_);
    auto next = number();
    my::encode(session_.out_.tail(), next, my::Eof{0, session_.status_of_old(link_)});
    set_number(next);
    if (session_.spread_) session_.spread_->next_number = next;
    ++link_.shift;
  }

  void note_number() {
    if (hidden_ || drop_) return;
    session_.number_told_ = number();
    if (session_.spread_) session_.spread_->next_number = static_cast<std::uint8_t>(number() + 1);
  }

  void show(const my::Seen& seen, std::string_view payload) {
    if (hidden_) {
      session_.absorb(seen, payload);
    } else if (seen.part == my::Part::kOk || seen.part == my::Part::kEnd) {
      forward_up_to(at_);
      session_.on_ok(payload, number(), forward_);
    } else {
      if (seen.part == my::Part::kErr || seen.part == my::Part::kUnknown) forward_up_to(at_);
      session_.on_seen(seen, payload, number(), forward_);
      if (seen.part == my::Part::kPrepareOk) session_.on_prepared(link_.owed().front(), bytes_ + at_ + my::kHeadBytes);
    }
  }

  void end_packet(const my::Seen& seen) {
    const auto told = number();
    at_ += head_.size();
    if (!forward_) run_ = at_;
    const bool of_old = (session_.capabilities_ & my::capability::kDeprecateEof) == 0;
    link_.metadata_ended = seen.metadata_ends && !drop_ && !hidden_ && of_old;
    if (seen.last) end_answer(told);
  }

  void end_answer(std::uint8_t told) {
    forward_up_to(at_);
    if (std::exchange(link_.metadata_ended, false)) {
      auto next = static_cast<std::uint8_t>(told + 1);
      my::encode(session_.out_.tail(), next, my::Eof{0, session_.status_of_old(link_)});
    }
    link_.pop_owed();
    link_.shift = 0;
    if (session_.spread_ && !drop_)
      session_.advance_spread();
    else
      session_.finish_answer();
  }

  Session& session_;
  Link& link_;
  char* bytes_;
  std::size_t size_, at_ = 0, run_ = 0, head_at_ = 0;
  std::uint8_t number_before_ = 0;  // the last one told ahead of the head that begins at head_at_
  my::PacketHead head_;
  bool drop_ = false, hidden_ = false, forward_ = true;  // of the packet at hand
};

void Session::read_link() {
  if (reading_) return;
  reading_ = true;
  while (phase_ != Phase::kClosed && link_ && link_->readable && out_.size() <= kClientBacklog && !is_unheard()) {
    auto& link = *link_;
    char* buffer = worker_.server_buffer();
    const auto held = link.held.size();
    if (held >= Worker::kServerBuffer) {
      link.mark_broken();  // an OK or error of 128 KiB is none
      link_lost();
      break;
    }
    link.held.copy(buffer, held);
    link.held.clear();
    const auto got = link.read(buffer + held, Worker::kServerBuffer - held);
    link.readable = !got.drained;
    const auto size = held + got.bytes;
    const auto used = Relay(*this, buffer, size).walk();
    if (phase_ == Phase::kClosed) break;
    if (link_.get() == &link) {
      if (used < size) link.held.assign(buffer + used, size - used);
      if (got.closed || link.is_broken()) link_lost();
    }
    if (phase_ != Phase::kClosed && out_.size() > kClientBacklog) flush_all();
  }
  reading_ = false;
  if (phase_ != Phase::kClosed && is_unheard()) return close();
  if (phase_ != Phase::kClosed) flush_all();
}

// Of an EOF behind definitions: what the statement before it was about is not said again. That more follows is: it was
// said in this answer, and MariaDB's client library looks for it here.
std::uint16_t Session::status_of_old(const Link& link) const noexcept {
  return shown_status(link.status & (kLasting | my::status::kMoreResults));
}

// The only EOF behind the definitions of a result that a cursor keeps is the one that says so.
bool Session::opens_cursor(const my::Seen& seen, std::string_view payload) {
  if (seen.part != my::Part::kEnd) return false;
  const auto ok = my::decode_ok(payload, my::capability::kSessionTrack);
  return ok && (ok->status & my::status::kCursorExists) != 0;
}

}  // namespace shardway::proxy::mysql
