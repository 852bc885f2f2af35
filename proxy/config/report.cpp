#include "proxy/config/report.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace shardway::proxy::config {
namespace {

constexpr std::size_t kLongestWord = 64;  // keys are shorter; keeps the distance's table small

// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

void Report::add(Position at, std::string message, std::string hint, Severity severity) {
  diagnostics_.push_back({file_, at.line, at.column, std::move(message), std::move(hint), severity});
}

bool Report::blamed(Position at) const noexcept {
  return std::any_of(diagnostics_.begin(), diagnostics_.end(),
                     [at](const Diagnostic& d) { return d.line == at.line && d.column == at.column; });
}

std::vector<Diagnostic> Report::take() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::exchange(diagnostics_, {});
}

std::string format(const Diagnostic& d) {
  std::string out = d.file;
  if (d.line > 0) out += ":" + std::to_string(d.line) + ":" + std::to_string(d.column);
  out += d.severity == Severity::kError ? ": error: " : ": warning: ";
  out += d.message;
  if (!d.hint.empty()) out += "\n  hint: " + d.hint;
  return out;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > kLongestWord) return {};
  std::string_view best;  // stays empty where two are equally near
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (std::string_view candidate : known) {
    const std::size_t edits = distance(word, candidate);
    if (edits > best_distance) continue;
    best = edits < best_distance ? candidate : std::string_view();
    best_distance = edits;
  }
  return best;
}

std::string quote(std::string_view text) {
  constexpr std::size_t kShown = 60;
  constexpr char kDigits[] = "0123456789abcdef";
  std::size_t end = std::min(kShown, text.size());
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole UTF-8
  std::string out = "\"";
  for (char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      out += std::string("\\x") + kDigits[byte >> 4] + kDigits[byte & 15];
    else
      out += c;
  }
  return out + (text.size() > end ? "…\"" : "\"");
}

std::string one_of(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace shardway::proxy::config
