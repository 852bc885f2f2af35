#include "proxy/control/operator_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "proxy/control/control_link.hpp"
#include "proxy/control/node_watch.hpp"

namespace shardway::proxy::control {
namespace {

constexpr int kPollMs = 10;
constexpr std::size_t kMostOutput = 1000;
constexpr SteadyNanos kLastGrace = 500 * kMillisecond;  // between SIGTERM and SIGKILL

// The child's end of the pipe is both its streams; the program's own descriptors are closed by exec.
class Child {
 public:
  explicit Child(const config::CommandWords& words) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      error_ = errno;
      return;
    }
    output_ = ends[0];
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
    spawn(words, ends[1]);
    ::close(ends[1]);
  }
  ~Child() {
    if (output_ >= 0) ::close(output_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int error() const noexcept { return error_; }
  // Waits a moment for output; true once it has ended.
  bool has_ended() {
    pollfd polled{is_open_ ? output_ : -1, POLLIN, 0};
    ::poll(&polled, 1, kPollMs);
    const bool ended = ::waitpid(id_, &status_, WNOHANG) == id_;
    read();
    return ended;
  }
  void signal(int number) const { ::kill(-id_, number); }
  int status() const noexcept { return status_; }
  const std::string& output() const noexcept { return text_; }

 private:
  void spawn(const config::CommandWords& words, int into) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: as execve has it
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, into, 1);
    ::posix_spawn_file_actions_adddup2(&files, into, 2);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    // What this program blocks or ignores is its own affair.
    sigset_t none, defaults;
    sigemptyset(&none);
    sigfillset(&defaults);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    error_ = ::posix_spawnp(&id_, arguments[0], &files, &attributes, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }

  void read() {
    char buffer[4096];
    ssize_t size = 0;
    while (is_open_ && (size = ::read(output_, buffer, sizeof buffer)) > 0) {
      text_.append(buffer, static_cast<std::size_t>(size));
      if (text_.size() > kMostOutput) text_.erase(0, text_.size() - kMostOutput);
    }
    is_open_ = is_open_ && size != 0;
  }

  pid_t id_ = 0;
  int error_ = 0, output_ = -1, status_ = 0;
  bool is_open_ = true;
  std::string text_;
};

void end(Child& child) {
  child.signal(SIGTERM);
  for (const auto until = steady_now() + kLastGrace; steady_now() < until;)
    if (child.has_ended()) return;
  child.signal(SIGKILL);
  while (!child.has_ended()) {}
}

}  // namespace

std::string CommandEnd::text() const {
  std::string said;
  switch (how) {
    case How::kExited: said = status == 0 ? "" : "exit status " + std::to_string(status); break;
    case How::kSignalled: said = "ended by signal " + std::to_string(status); break;
    case How::kTimedOut: said = "not over in time"; break;
    case How::kStopped: said = "Shardway ends"; break;
    case How::kNotStarted: said = std::string("cannot be started: ") + std::strerror(status); break;
  }
  return said + (said.empty() || output.empty() ? "" : ": ") + output;
}

CommandEnd run_command(const config::CommandWords& words, backend::SteadyNanos deadline,
                       const std::atomic<bool>& stopping) {
  CommandEnd how;
  if (words.empty()) {
    how.status = ENOENT;
    return how;
  }
  Child child(words);
  if (child.error() != 0) {
    how.status = child.error();
    return how;
  }
  using How = CommandEnd::How;
  while (!child.has_ended()) {
    if (!stopping && steady_now() < deadline) continue;
    how.how = stopping ? How::kStopped : How::kTimedOut;
    end(child);
    break;
  }
  if (how.how == How::kNotStarted) {
    const bool exited = WIFEXITED(child.status());
    how.how = exited ? How::kExited : How::kSignalled;
    how.status = exited ? WEXITSTATUS(child.status()) : WTERMSIG(child.status());
  }
  how.output = one_line(child.output().c_str());
  return how;
}

}  // namespace shardway::proxy::control
