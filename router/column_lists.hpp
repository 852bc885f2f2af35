// column_lists: the columns an INSERT or COPY FROM of a sharded table left to the table's order, written into its text.
// So what was planned with the catalogue's columns is what the server does, or an error if they are others by now;
// a row is never misplaced. Pure. The session rewrites a text before it is planned and sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "router/language.hpp"
#include "router/statement.hpp"

namespace shardway::router {

struct WrittenLists {
  // A list of `characters` stands in the text behind its first `begin` characters (not bytes).
  struct Span {
    std::uint32_t begin = 0, characters = 0;
  };
  std::string text;
  std::vector<Span> spans;  // in order
};

// The text with the lists of all its statements, which were made from this very text under these strings.
WrittenLists with_column_lists(const Query& query, std::string_view text, const ParseSettings& settings,
                               const Language& language);
WrittenLists with_column_lists(const Query& query, std::string_view text, bool standard_conforming_strings);

// An error's position in the written text, in characters from 1, as one in the text that was sent.
std::uint32_t position_as_sent(const std::vector<WrittenLists::Span>& spans, std::uint32_t position) noexcept;

}  // namespace shardway::router
