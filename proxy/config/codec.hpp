// Codec: how one kind of value is read from the document and printed by SHOW CONFIG. A reader that is not satisfied
// reports why and returns nothing; the member then keeps its default and loading goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/config/document.hpp"
#include "proxy/config/report.hpp"
#include "proxy/config/words.hpp"

namespace shardway::proxy::config {

// Where reading is: problems go to `report` and name the key as `path` ("database.pool.size").
struct Scope {
  Report& report;
  std::string path;
  Scope below(std::string_view key) const {
    return {report, path.empty() ? std::string(key) : path + "." + std::string(key)};
  }
  void error(Position at, const std::string& what, std::string hint = {}) const {
    report.error(at, path + ": " + what, std::move(hint));
  }
};

template <class V>
struct Codec {
  std::function<std::optional<V>(const Value&, const Scope&)> read;
  std::function<std::string(const V&)> print;
};

// Reports and returns false if the value is of another kind.
bool expect(Value::Kind kind, const Value& value, const Scope& scope, std::string hint = {});

Codec<std::string> text();     // may be empty
Codec<std::string> name();     // may not; at most 63 bytes, as names on the servers
Codec<std::string> label();    // a name of letters, digits, '-', '_' and '.'
Codec<std::string> secret();   // printed as ***
Codec<std::string> command();  // of an operator's own (command_words.hpp)
Codec<std::vector<std::string>> names();
Codec<bool> flag();
Codec<std::uint32_t> number(std::uint32_t min, std::uint32_t max);
Codec<std::uint32_t> file_mode();  // as chmod reads it: "0770"
Codec<std::size_t> bytes(std::size_t min, std::size_t max);
Codec<Milliseconds> duration(Milliseconds min, Milliseconds max);
Codec<Address> address();
Codec<std::optional<Address>> optional_address();
Codec<std::vector<SlotsOfShard>> slot_map();

// One of a fixed list of words.
template <class E>
struct Word {
  std::string_view text;
  E value;
};
// Reports and returns nothing if `value` is not one of `words`; else its index.
std::optional<std::size_t> read_word(const Value& value, const Scope& scope,
                                     const std::vector<std::string_view>& words);

template <class E>
Codec<E> word(std::vector<Word<E>> words) {
  std::vector<std::string_view> texts;
  for (const Word<E>& w : words) texts.push_back(w.text);
  return {[words, texts](const Value& value, const Scope& scope) -> std::optional<E> {
            const auto index = read_word(value, scope, texts);
            if (!index) return std::nullopt;
            return words[*index].value;
          },
          [words](const E& e) {
            for (const Word<E>& w : words)
              if (w.value == e) return std::string(w.text);
            return std::string();
          }};
}

}  // namespace shardway::proxy::config
