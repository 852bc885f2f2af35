#include "proxy/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>

#include "proxy/config/config.hpp"
#include "proxy/log_line.hpp"

namespace shardway::proxy {
namespace {

// %* in a pattern: the line, as text or as the fields of a JSON object.
class LineText final : public spdlog::custom_flag_formatter {
 public:
  explicit LineText(config::LogFormat format) : format_(format) {}
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view line(message.payload.data(), message.payload.size());
    text_.clear();
    if (format_ == config::LogFormat::kJson)
      log::append_fields(text_, line);
    else
      log::append_text(text_, line);
    out.append(text_.data(), text_.data() + text_.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LineText>(format_); }

 private:
  config::LogFormat format_;
  std::string text_;
};

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

int leave_open(std::FILE*) { return 0; }

File open_file(const std::string& name) {
  if (name.empty()) return {stderr, leave_open};
  File file(std::fopen(name.c_str(), "ae"), std::fclose);
  if (!file)
    throw std::runtime_error("shardway.log_file: cannot write \"" + name +
                             "\": " + std::error_code(errno, std::generic_category()).message());
  return file;
}

std::unique_ptr<spdlog::formatter> make_formatter(config::LogFormat format) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  const bool is_json = format == config::LogFormat::kJson;
  formatter->add_flag<LineText>('*', format)
      .set_pattern(is_json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%*})" : "%Y-%m-%dT%H:%M:%S.%eZ %l %*");
  return formatter;
}

// Where the lines go: one for the program's life, because every thread writes to it.
class Output final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void change(File file, std::string name, std::unique_ptr<spdlog::formatter> formatter) {
    const std::lock_guard lock(mutex_);
    file_ = std::move(file);
    name_ = std::move(name);
    formatter_ = std::move(formatter);
  }
  void reopen() {
    const std::lock_guard lock(mutex_);
    file_ = open_file(name_);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), file_.get());
  }
  void flush_() override { std::fflush(file_.get()); }

  File file_{stderr, leave_open};
  std::string name_;
};

Output& output() {
  static const auto only = [] {
    auto sink = std::make_shared<Output>();
    auto logger = std::make_shared<spdlog::logger>("shardway", sink);
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
    return sink;
  }();
  return *only;
}

}  // namespace

std::function<void()> prepare_log(const config::Config& config) {
  auto file = std::make_shared<File>(open_file(config.log_file));
  return [file, name = config.log_file, format = config.log_format, level = config.log_level] {
    output().change(std::move(*file), name, make_formatter(format));
    spdlog::set_level(spdlog::level::from_str(level));
  };
}

void reopen_log() {
  try {
    output().reopen();
  } catch (const std::exception& error) {
    log::error("event=log_not_reopened error=\"{}\"", error.what());
  }
}

namespace log {

constexpr std::array kLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};

void silence() { spdlog::set_level(spdlog::level::off); }

bool is_written(Level level) { return spdlog::should_log(kLevels[static_cast<std::size_t>(level)]); }

std::string inside_quotes(std::string_view text) {
  std::string inside;
  for (const char c : text) {
    if (c == '"' || c == '\\') inside += '\\';
    inside += c;
  }
  return inside;
}

void write_line(Level level, fmt::string_view format, fmt::format_args values) {
  spdlog::default_logger_raw()->log(kLevels[static_cast<std::size_t>(level)], fmt::vformat(format, values));
}

}  // namespace log
}  // namespace shardway::proxy
