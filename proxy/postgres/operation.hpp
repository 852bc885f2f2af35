// Operation: one statement (or COMMIT, SET, SAVEPOINT …) that runs on several links at once, or one after the other,
// and has one answer. It reads every shard's replies as they come, in bounded memory, and calls `then` when all have
// ended.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/link.hpp"
#include "proxy/postgres/statuses.hpp"

namespace shardway::proxy::postgres {

class Operation {
 public:
  enum class Answer : std::uint8_t {
    kUnion,   // the rows of all, one tag with their sum
    kFirst,   // the rows and tag of the first; the others must agree
    kSilent,  // nothing but errors
    kEnd,     // of COMMIT and ROLLBACK: nothing but errors and every part's notices
  };
  // Makes the messages for a link when their turn comes, Query or Sync last, and notes on the link what they owe.
  using Build = std::function<std::string(Link&)>;
  struct Part {
    Link* link = nullptr;
    Build build;
    std::size_t ready_count = 0;  // how many ReadyForQuery are still to come
    bool sent = false, done = false, failed = false;
    bool copying = false;  // it takes CopyData
    std::uint64_t rows = 0;
    std::string tag;
    Statuses statuses;  // for the client, before its ReadyForQuery
  };
  // Sends to the client; called with whole frames, except the pieces of a frame that is too big to be held.
  using Emit = std::function<void(std::string_view)>;
  using Then = std::function<void(Operation&)>;

  Operation(Answer answer, bool one_after_the_other, bool describe_rows, Emit emit, Then then)
      : answer_(answer),
        sequential_(one_after_the_other),
        describe_rows_(describe_rows),
        emit_(std::move(emit)),
        then_(std::move(then)) {}

  void add(Link& link, Build build);
  void start();
  bool has_started() const noexcept { return started_; }

  // What the client was told of its columns (columns.hpp); 0: nothing.
  void expect_columns(std::uint64_t columns) noexcept { expected_columns_ = columns; }

  // It is a COPY FROM STDIN: `begun` is called when all parts take CopyData, which comes by feed_copy().
  void expect_copy(std::function<void()> begun) { copy_begun_ = std::move(begun); }
  bool is_copy() const noexcept { return copy_begun_ != nullptr; }
  bool has_begun_copy() const noexcept { return has_begun_copy_; }
  bool takes_copy_data() const noexcept { return has_begun_copy_ && !copy_ended_ && error_.empty(); }
  void feed_copy(char type, std::string_view frame);  // CopyData, CopyDone or CopyFail, to all parts
  void fail(std::string error_frame);                 // what is under way is ended everywhere, with this error
  bool tags_agree() const noexcept;

  bool involves(const Link& link) const noexcept;
  bool is_at_work(const Link& link) const noexcept;  // it has been sent there and is not answered
  bool may_read(const Link& link) const noexcept;    // false while another one's big row is passing, or when it is done
  // Reads what `link` has. `buffer` is scratch; `may_emit` says whether the client takes more now.
  void on_readable(Link& link, char* buffer, std::size_t size, const std::function<bool()>& may_emit);
  void on_lost(Link& link);

  bool is_over() const noexcept { return over_; }
  bool failed() const noexcept { return !error_.empty(); }
  const std::string& error() const noexcept { return error_; }  // an ErrorResponse frame
  bool error_is_loss() const noexcept { return lost_; }
  bool is_told_of_loss() const noexcept { return told_of_loss_; }  // error() is ours: a server connection broke
  // The client's message that began it, if that can be handled once more as if it came now: it only reads.
  void may_repeat(std::string message) { message_ = std::move(message); }
  const std::string& message() const noexcept { return message_; }
  bool can_repeat() const noexcept { return (told_of_loss_ || broken_off_) && !has_shown_ && !message_.empty(); }
  bool is_broken_off() const noexcept { return broken_off_; }  // by a replica: is_of_replica()
  bool cut_off() const noexcept { return cut_off_; }  // the client has the beginning of a row whose end will not come
  std::uint64_t rows() const noexcept;
  std::string tag() const;  // "SELECT 7": the first one's with the sum of all
  const std::vector<Part>& parts() const noexcept { return parts_; }
  bool suspended() const noexcept { return suspended_; }  // a portal has more rows than its Execute was to give
  std::function<void(Link&)> cancel_part;                 // called for parts still at work when another has failed

 private:
  void send(Part& part);
  void send_next();
  void show(std::string_view bytes);
  void show_description();
  std::size_t read_frames(Part& part, std::string_view in, const std::function<bool()>& may_emit);
  void on_frame(Part& part, char type, std::string_view frame);
  bool shows_rows() const noexcept { return answer_ == Answer::kUnion || answer_ == Answer::kFirst; }
  bool shows(const Part& part) const noexcept { return answer_ == Answer::kUnion || &part == &parts_.front(); }
  void on_description(Part& part, std::string_view frame);
  void on_error(Part& part, std::string_view frame);
  void on_copy_response(Part& part, std::string_view frame);
  void stop(Part& part);
  void stop_others(const Part& part);
  void on_ready(Part& part, char status);
  void finish_if_over();
  Part* part_of(const Link& link) noexcept;

  Answer answer_;
  bool sequential_, describe_rows_;
  Emit emit_;
  Then then_;
  std::vector<Part> parts_;
  std::string description_, error_, message_;
  std::uint64_t expected_columns_ = 0;
  const Link* floor_ = nullptr;  // whose big frame is passing through; the others wait
  std::function<void()> copy_begun_;
  bool has_begun_copy_ = false, copy_ended_ = false;  // all parts have taken CopyData; the client has sent the end
  bool started_ = false, over_ = false, lost_ = false, told_of_loss_ = false, broken_off_ = false, cut_off_ = false,
       suspended_ = false;
  bool description_due_ = false;  // it waits for the first row, or the end: until then all can begin anew
  bool has_shown_ = false;        // the client has heard something of it
};

// A simple Query.
Operation::Build query_of(std::string sql);

// What a replica says of a read and the primary would not: its replay cannot wait, it has no rows of the table, it
// writes nothing.
bool is_of_replica(std::string_view sqlstate) noexcept;

}  // namespace shardway::proxy::postgres
