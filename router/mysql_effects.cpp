#include <algorithm>

#include "router/mysql_context.hpp"
#include "router/mysql_functions.hpp"

namespace shardway::router::mysql {

namespace {

// Answers that are one server's own, or change with what the connection did.
constexpr std::string_view kPrimaryVariables[] = {"read_only",  "super_read_only", "innodb_read_only",
                                                  "insert_id",  "in_transaction",  "rand_seed1",
                                                  "rand_seed2", "pseudo_thread_id"};
// Words that are calls of the clock without parentheses.
constexpr std::string_view kClockWords[] = {"current_timestamp", "current_date", "current_time", "localtime",
                                            "localtimestamp",    "utc_date",     "utc_time",     "utc_timestamp"};

class Scanner {
 public:
  Scanner(Context& context, Cursor cursor) : context_(context), cursor_(cursor) {}

  void scan() {
    for (; !cursor_.at_end(); remember()) {
      switch (cursor_.peek().kind) {
        case TokenKind::kUserVariable: user_variable(); break;
        case TokenKind::kSystemVariable: system_variable(); break;
        case TokenKind::kQuoted:
          if (cursor_.is_symbol("(", 1) && may_be_call()) user_function();
          break;
        case TokenKind::kWord: word(); break;
        default: break;
      }
    }
  }

 private:
  void remember() {
    before_ = cursor_.place();
    cursor_.skip();
  }

  bool before_is_word(std::initializer_list<std::string_view> words) const {
    return before_ != kNowhere && Cursor(cursor_.text(), cursor_.tokens(), before_, before_ + 1).is_any_word(words);
  }
  bool before_is_symbol(std::string_view symbol) const {
    return before_ != kNowhere && Cursor(cursor_.text(), cursor_.tokens(), before_, before_ + 1).is_symbol(symbol);
  }

  void assign(std::string_view variable) {
    Setting setting;
    setting.name = lower_case(variable);
    setting.computed = true;
    context_.set(std::move(setting));
    context_.out.replica_safe = false;
    context_.not_scatterable("a user variable");
    context_.not_repeatable("a user variable");
  }

  void user_variable() {
    const auto name = cursor_.source();
    if (cursor_.is_symbol(":=", 1) || into_) {
      assign(name);
      return;
    }
    context_.out.reads_user_variables = true;
    context_.not_scatterable("a user variable");
  }

  void system_variable() {
    if (!cursor_.at_name(1)) return;
    auto name = lower_case(cursor_.name(1));
    remember();
    if (cursor_.is_symbol(".", 1) && cursor_.at_name(2)) {
      name = lower_case(cursor_.name(2));
      remember();
      remember();
    }
    auto& out = context_.out;
    context_.not_scatterable("a system variable");
    context_.not_repeatable("a system variable");
    if (name == "last_insert_id" || name == "identity") out.reads_last_insert_id = true;
    if (name == "warning_count" || name == "error_count") out.reads_last_outcome = true;
    if (name == "pseudo_thread_id") out.reads_connection_id = true;
    if (out.reads_last_insert_id || out.reads_last_outcome || name.compare(0, 5, "gtid_") == 0 || name == "last_gtid" ||
        std::find(std::begin(kPrimaryVariables), std::end(kPrimaryVariables), name) != std::end(kPrimaryVariables))
      out.replica_safe = false;
  }

  // Not the name of what is inserted into, a common table expression's, an alias with a list of columns, or a type's.
  bool may_be_call() const {
    if (before_is_symbol(")") ||
        before_is_word({"as", "into", "insert", "replace", "ignore", "low_priority", "delayed", "high_priority",
                        "table", "with", "recursive", "index", "key", "partition", "procedure"}))
      return false;
    Cursor behind = cursor_;
    behind.skip();
    behind.skip_parenthesised();
    return !(behind.is_word("as") && behind.is_symbol("(", 1));
  }

  // Of some words of the grammar only what stands around tells that they are no stored function's name.
  bool belongs_to_grammar(std::string_view name) const {
    if (name == "of") return before_is_word({"member"});
    if (name == "against" || name == "escape" || name == "minus" || name == "columns") return before_is_operand();
    if (name == "oj") return before_is_symbol("{");
    if (name == "lateral") return cursor_.is_any_word({"select", "with", "values"}, 2) || cursor_.is_symbol("(", 2);
    if (name == "json_table") return has_columns();
    return is_grammar_word(name);
  }

  bool before_is_operand() const {
    if (before_ == kNowhere) return false;
    const Cursor before(cursor_.text(), cursor_.tokens(), before_, before_ + 1);
    if (before.peek().kind == TokenKind::kSymbol) return before.is_symbol(")");
    return before.peek().kind != TokenKind::kWord || !is_grammar_word(lower_case(before.source()));
  }

  // JSON_TABLE(…, '$' COLUMNS (…))
  bool has_columns() const {
    Cursor inside = cursor_, behind = cursor_;
    inside.skip();
    behind.skip();
    behind.skip_parenthesised();
    inside.skip();
    while (inside.place() < behind.place()) {
      if (inside.is_word("columns") && inside.is_symbol("(", 1)) return true;
      inside.skip_parenthesised();
    }
    return false;
  }

  void user_function() {
    auto& out = context_.out;
    out.uses_user_functions = true;
    out.replica_safe = false;
    context_.pin(PinReason::kRoutine);
    context_.not_scatterable("a stored function");
    context_.not_repeatable("a stored function");
  }

  void word() {
    if (into_ && !cursor_.is_any_word({"outfile", "dumpfile"})) into_ = false;
    // Words that may stand before an expression in parentheses, and are no call for all that.
    if (cursor_.is_word("sql_calc_found_rows")) return leaves_found_rows();
    if (cursor_.is_any_word({"insert", "replace"}) && !cursor_.is_symbol("(", 1)) return target();
    if (cursor_.is_symbol("(", 1)) return call();
    const auto is = [this](std::string_view lower, std::size_t ahead = 0) { return cursor_.is_word(lower, ahead); };
    auto& out = context_.out;
    if (before_is_symbol(".")) {
      // s.NEXTVAL is a sequence's in the ORACLE mode; elsewhere it is a column's name.
      if (context_.mode().oracle && cursor_.is_any_word({"nextval", "currval"})) sequence(is("currval"));
      return;
    }
    if ((is("next") || is("previous")) && is("value", 1) && is("for", 2)) return sequence(is("previous"));
    if (is("for") && cursor_.is_any_word({"update", "share"}, 1)) return locks("FOR UPDATE or FOR SHARE");
    if (is("lock") && is("in", 1)) return locks("LOCK IN SHARE MODE");
    if (is("into")) return into();
    if (is("procedure") && cursor_.is_symbol("(", 2)) out.replica_safe = false, context_.not_scatterable("PROCEDURE");
    if (std::any_of(std::begin(kClockWords), std::end(kClockWords), is)) varies("the time");
  }

  void leaves_found_rows() {
    context_.out.leaves_found_rows = true;
    context_.out.replica_safe = false;
    context_.not_scatterable("SQL_CALC_FOUND_ROWS");
  }

  // What rows are put into, which a list of columns may follow that looks like a call's arguments.
  void target() {
    while (cursor_.is_any_word({"low_priority", "delayed", "high_priority", "ignore", "into", "table"}, 1)) remember();
    while (cursor_.at_name(1)) {
      remember();
      if (!cursor_.is_symbol(".", 1)) return;
      remember();
    }
  }

  void into() {
    if (context_.out.kind != StatementKind::kRead) return target();
    into_ = true;
    context_.out.replica_safe = false;
    context_.not_scatterable("INTO");
    if (cursor_.is_any_word({"outfile", "dumpfile"}, 1)) context_.not_sharded("SELECT … INTO a file on the server");
  }

  void locks(std::string_view what) {
    context_.out.replica_safe = false;
    context_.out.locks_reference = true;
    context_.not_scatterable(what);
  }

  void varies(std::string_view what) {
    context_.not_scatterable(what);
    context_.not_repeatable(what);
  }

  void sequence(bool of_session) {
    auto& out = context_.out;
    out.uses_sequences = true;
    out.uses_session_sequence = out.uses_session_sequence || of_session;
    out.replica_safe = false;
    varies("a sequence");
  }

  void call() {
    const auto name = lower_case(cursor_.source());
    if (before_is_symbol(".")) {
      if (may_be_call()) user_function();
      return;
    }
    const bool is_grammar = belongs_to_grammar(name);
    if (is_grammar) {
      into_ = false;
    }
    const auto facts = function_facts(name, context_.mode());
    if (!facts.known) {
      if (!is_grammar && may_be_call()) user_function();
      return;
    }
    if (facts.spaced_is_other && cursor_.peek(1).spaced && !context_.mode().ignore_space) return user_function();
    if (facts.aggregate) context_.not_scatterable("an aggregate or window function");
    if (facts.varies) varies(name + "()");
    if (facts.primary) context_.out.replica_safe = false;
    if (facts.home) context_.out.needs_home = true;
    special_call(name);
  }

  void special_call(const std::string& name) {
    auto& out = context_.out;
    if (name == "last_insert_id") {
      if (cursor_.is_symbol(")", 2)) out.reads_last_insert_id = true;
    } else if (name == "found_rows" || name == "row_count") {
      out.reads_last_outcome = true;
    } else if (name == "connection_id" || name == "ps_current_thread_id") {
      out.reads_connection_id = true;
    } else if (name == "get_lock") {
      context_.pin(PinReason::kAdvisoryLock);
    } else if (name == "nextval" || name == "lastval" || name == "setval") {
      sequence(name == "lastval");
    }
  }

  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  Context& context_;
  Cursor cursor_;
  std::size_t before_ = kNowhere;
  bool into_ = false;  // SELECT … INTO @a, @b
};

}  // namespace

void scan_effects(Context& context, Cursor cursor) { Scanner(context, cursor).scan(); }

}  // namespace shardway::router::mysql
