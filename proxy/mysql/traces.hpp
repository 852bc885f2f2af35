// Traces: what a statement may leave behind on its connection, or wants of it, that session tracking does not tell;
// told by its words, wherever they stand but in a literal. A word too many pins a client that need not be; one too few
// would leave something of one client's for the next. https://mariadb.com/kb/en/session-tracking/
#pragma once

#include <string>
#include <string_view>

#include "proxy/mysql/state.hpp"
#include "router/statement.hpp"

namespace shardway::proxy::mysql {

struct Traces {
  router::PinReason pins = router::PinReason::kNone;
  std::string_view what;            // static: what pins
  bool outlives_reset = false;      // SET ROLE: COM_RESET_CONNECTION leaves it there
  bool sets_for_statement = false;  // SET STATEMENT … FOR, NOWAIT: the variables it reports are not the session's
  bool asks_about_last = false;     // LAST_INSERT_ID(), ROW_COUNT(), SHOW WARNINGS, …
  bool asks_for_insert_id_only = false;  // of these, only the first
  bool asks_for_diagnostics = false;     // warnings, errors
  bool asks_later = false;               // not in the first statement, but no other one has surely cleared them
  bool asks_for_counts = false;          // ROW_COUNT(), FOUND_ROWS()
  bool asks_for_found_rows = false;
  bool asks_for_row_count = false;
  bool begins_transaction = false;  // BEGIN, START TRANSACTION, AND CHAIN, XA START, SET autocommit = 0
  bool keeps_warnings = false;      // SET, SELECT without FROM, …: no table
  bool kills = false;
  bool asks_for_number = false;         // CONNECTION_ID()
  bool inserts = false, loads = false;  // INSERT, REPLACE; LOAD DATA: a number may be generated
  bool locks = false;                   // FOR UPDATE, LOCK IN SHARE MODE
  bool finds_all_rows = false;          // SQL_CALC_FOUND_ROWS
  bool asks_about_transaction = false;  // @@in_transaction
  bool asks_for_insert_id = false;      // LAST_INSERT_ID(), @@identity
  bool gives_insert_id = false;         // LAST_INSERT_ID(x)
  bool counts = false;                  // NEXTVAL: LASTVAL() will be asked of this connection
  bool asks_for_count = false;          // LASTVAL, PREVIOUS VALUE FOR
  bool saves = false;                   // SAVEPOINT
  bool ends_transaction = false;        // COMMIT, ROLLBACK, but for ROLLBACK TO
  bool releases = false;                // COMMIT RELEASE: the connection ends with it
  bool sets_numbers = false;            // SET insert_id, auto_increment_increment, auto_increment_offset
  bool selects = false;                 // a SELECT stands somewhere in it
  bool begins_with_select = false;      // or one of its statements does
  bool begins_with_set = false;         // likewise
  std::string collation;                // SET NAMES … COLLATE x, which no tracker shows
  UserVariables user_variables;         // SET @a = 1, @b = 'x' and nothing else: constants, which can be set anywhere
};

// Where a literal ends.
struct Quoting {
  bool backslash_escapes = true;
  bool backslash_in_characters = false;  // it may be the second byte of one: GBK, SJIS, …
};

Traces traces_of(std::string_view sql, Quoting quoting = {});

}  // namespace shardway::proxy::mysql
