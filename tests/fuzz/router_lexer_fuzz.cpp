// Any bytes: the lexer ends where the text ends, normalising its own output changes nothing, and facts found through a
// key another text left in the cache are those of a fresh parse.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "router/routine_body.hpp"
#include "tests/router/facts.hpp"
#include "tests/router/shop.hpp"

using namespace shardway::router;

namespace {

void expect(bool claim) {
  if (!claim) std::abort();
}

void lexer_reaches_the_end(std::string_view text, bool standard) {
  StatementLexer lexer(text, standard);
  std::uint32_t at = 0;
  for (auto token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    // Only an unterminated comment is a token without a length: it ends the text.
    expect(token.begin >= at && token.end <= text.size());
    expect(token.end > token.begin || (token.kind == TokenKind::kBad && token.end == text.size()));
    if (token.kind == TokenKind::kString) unquote(text.substr(token.begin, token.end - token.begin), standard);
    at = token.end;
  }
}

void other_literals_have_the_same_key(std::string_view text, bool standard) {
  std::string key, other_key;
  Literals literals;
  if (!normalise(text, standard, key, literals)) return;
  const auto number = literals.size();
  const auto other = shop::with_other_literals(text, standard, 3);
  Literals other_literals;
  expect(normalise(other, standard, other_key, other_literals));
  expect(other_key == key && other_literals.size() == number);
}

void cached_facts_are_fresh_facts(std::string_view text, bool standard) {
  static const auto topology = shop::topology();
  const ParseSettings settings{standard, ""};
  StatementCache cache(topology, 1 << 20), fresh(topology, 1 << 20);
  Literals literals;
  const auto first = cache.find(text, settings, literals);
  if (first->syntax_error) return;
  const auto other = shop::with_other_literals(text, standard, 5);
  const auto expected = fresh.find(other, settings, literals);
  if (expected->syntax_error) return;
  const auto number = literals.size();
  expect(shop::described(*cache.find(other, settings, literals)) == shop::described(*expected));
  expect(literals.size() == number);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const bool standard = (data[0] & 1) != 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  lexer_reaches_the_end(text, standard);
  leaves_in_session(text);
  routines_called(text);
  other_literals_have_the_same_key(text, standard);
  cached_facts_are_fresh_facts(text, standard);
  return 0;
}
