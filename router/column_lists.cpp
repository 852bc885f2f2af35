#include "router/column_lists.hpp"

#include <algorithm>

namespace shardway::router {

namespace {

std::uint32_t characters(std::string_view utf8) noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::vector<ColumnList> lists_of(const Query& query) {
  std::vector<ColumnList> lists;
  for (const auto& statement : query.statements)
    lists.insert(lists.end(), statement.column_lists.begin(), statement.column_lists.end());
  std::sort(lists.begin(), lists.end(), [](const auto& a, const auto& b) { return a.token < b.token; });
  return lists;
}

}  // namespace

WrittenLists with_column_lists(const Query& query, std::string_view text, bool standard_conforming_strings) {
  return with_column_lists(query, text, ParseSettings{standard_conforming_strings, {}, {}}, kPostgresLanguage);
}

WrittenLists with_column_lists(const Query& query, std::string_view text, const ParseSettings& settings,
                               const Language& language) {
  WrittenLists written;
  const auto lists = lists_of(query);
  const auto ends = language.token_ends(text, settings, lists.empty() ? 0 : std::size_t{lists.back().token} + 1);
  std::uint32_t copied = 0;
  for (const auto& list : lists) {
    const auto end = ends[list.token];
    written.text += text.substr(copied, end - copied);
    copied = end;
    written.spans.push_back({characters(written.text), characters(list.sql)});
    written.text += list.sql;
  }
  written.text += text.substr(copied);
  return written;
}

std::uint32_t position_as_sent(const std::vector<WrittenLists::Span>& spans, std::uint32_t position) noexcept {
  std::uint32_t before = 0;
  for (const auto& span : spans) {
    if (position <= span.begin) break;
    before += std::min(span.characters, position - span.begin - 1);
  }
  return position - before;
}

}  // namespace shardway::router
