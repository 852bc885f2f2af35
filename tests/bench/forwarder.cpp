// The benchmark's floor: bench_forwarder LISTEN_PORT TARGET_PORT passes bytes between 127.0.0.1's ports and understands
// none of them. One thread, one server connection for each client, level-triggered epoll, one buffer of 16 KiB for all;
// a side that does not take its bytes stops the reading from its peer. What this costs, every proxy must pay.
// Not for production: no deadlines, and the end of one side ends the other at once.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr int kEventsPerWait = 256;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

// One end of a pair of connections. `unsent` are bytes read from the peer that this side's socket did not take yet.
struct Side {
  explicit Side(int socket) : fd(socket) {}
  int fd;
  Side* peer = nullptr;
  std::vector<char> unsent;
  std::size_t sent = 0;
  bool is_open = true;
};

class Forwarder {
 public:
  Forwarder(std::uint16_t listen_port, std::uint16_t target_port) : target_(loopback(target_port)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(listen_port);
    if (bind(listener_, generic(address), sizeof address) != 0 || listen(listener_, SOMAXCONN) != 0) fail("listen");
    epoll_ = epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;  // the listener is the one event without a side
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) fail("epoll_ctl");
  }

  [[noreturn]] void run() {
    std::array<epoll_event, kEventsPerWait> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), kEventsPerWait, -1);
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
      closed_.clear();  // only now: a later event of the same batch may name a side closed by an earlier one
    }
  }

 private:
  void handle(const epoll_event& event) {
    if (event.data.ptr == nullptr) return accept_client();
    Side& side = *static_cast<Side*>(event.data.ptr);
    if (side.is_open && (event.events & EPOLLOUT) != 0) send_rest(side);
    if (side.is_open && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) forward(side);
  }

  void accept_client() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (client < 0) return;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (server < 0 || (connect(server, generic(target_), sizeof target_) != 0 && errno != EINPROGRESS)) {
      close(client);
      if (server >= 0) close(server);
      return;
    }
    auto* left = std::make_unique<Side>(client).release();
    auto* right = std::make_unique<Side>(server).release();
    left->peer = right;
    right->peer = left;
    for (Side* side : {left, right}) {
      const int on = 1;
      setsockopt(side->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      watch(*side, EPOLL_CTL_ADD);
    }
  }

  // Reads unless the peer still owes bytes, writes only when this side does.
  void watch(Side& side, int operation) {
    epoll_event event{};
    if (side.peer->unsent.empty()) event.events |= EPOLLIN;
    if (!side.unsent.empty()) event.events |= EPOLLOUT;
    event.data.ptr = &side;
    if (epoll_ctl(epoll_, operation, side.fd, &event) != 0) fail("epoll_ctl");
  }

  void forward(Side& from) {
    Side& to = *from.peer;
    if (!to.unsent.empty()) return drop(from);  // not watched for reading: the other end hung up
    const ssize_t got = recv(from.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(from);
    ssize_t sent = send(to.fd, buffer_.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(from);
    if (sent == got) return;
    if (sent < 0) sent = 0;
    to.unsent.assign(buffer_.data() + sent, buffer_.data() + got);
    to.sent = 0;
    watch_both(to);
  }

  void send_rest(Side& side) {
    const ssize_t sent = send(side.fd, side.unsent.data() + side.sent, side.unsent.size() - side.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(side);
    if (sent > 0) side.sent += static_cast<std::size_t>(sent);
    if (side.sent < side.unsent.size()) return;
    std::vector<char>().swap(side.unsent);
    watch_both(side);
  }

  void watch_both(Side& side) {
    watch(side, EPOLL_CTL_MOD);
    watch(*side.peer, EPOLL_CTL_MOD);
  }

  void drop(Side& side) {
    for (Side* one : {&side, side.peer}) {
      one->is_open = false;
      close(one->fd);
      closed_.emplace_back(one);
    }
  }

  sockaddr_in target_;
  int listener_ = -1;
  int epoll_ = -1;
  std::array<char, kBufferBytes> buffer_{};
  std::vector<std::unique_ptr<Side>> closed_;
};

void raise_open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_forwarder LISTEN_PORT TARGET_PORT\n", stderr);
    return 2;
  }
  raise_open_files();
  const auto port = [](const char* text) { return static_cast<std::uint16_t>(std::strtoul(text, nullptr, 10)); };
  Forwarder(port(argv[1]), port(argv[2])).run();
}
