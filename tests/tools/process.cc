// SPDX-License-Identifier: Apache-2.0

#include "process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "testing/pseudo_terminal.h"

namespace weft::tools {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe MakePipe() {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return {ends[0], ends[1]};
}

Pipe MakeTerminal(int columns) {
  testing::PseudoTerminal terminal(columns);
  return {terminal.TakeTestEnd(), terminal.TakeProgramEnd()};
}

[[noreturn]] void BecomeWeft(const std::vector<std::string>& arguments,
                             const ProcessOptions& options, const std::string& state) {
  // Opened first: whom the child becomes may not be allowed to walk to the build folder.
  const int program = open(WEFT_COMMAND, O_RDONLY | O_CLOEXEC);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(126);
  if (options.terminal && (setsid() < 0 || ioctl(STDERR_FILENO, TIOCSCTTY, 0) != 0)) _exit(126);
  setenv("XDG_STATE_HOME", state.c_str(), 1);
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  options.in_child();
  std::vector<char*> words = {const_cast<char*>("weft")};
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  fexecve(program, words.data(), environ);
  _exit(127);
}

// Appends what there is to read; closes at the end.
void ReadInto(int& descriptor, std::string& text) {
  std::array<char, 65536> block;
  const ssize_t size = read(descriptor, block.data(), block.size());
  if (size > 0) {
    text.append(block.data(), static_cast<std::size_t>(size));
  } else if (size == 0 || errno != EINTR) {  // a terminal without a writer is an error
    close(descriptor);
    descriptor = -1;
  }
}

}  // namespace

Process::Process(std::vector<std::string> arguments, const ProcessOptions& options) {
  // Also for those whom the command becomes.
  chmod(state_.path().c_str(), S_IRWXU | S_IRWXG | S_IRWXO);
  const Pipe out = MakePipe();
  const Pipe err = options.terminal ? MakeTerminal(options.columns) : MakePipe();
  id_ = fork();
  if (id_ == 0) {
    dup2(out.write_end, STDOUT_FILENO);
    dup2(err.write_end, STDERR_FILENO);
    BecomeWeft(arguments, options, state_.path());
  }
  close(out.write_end);
  close(err.write_end);
  out_ = out.read_end;
  err_ = err.read_end;
}

Process::~Process() {
  if (id_ <= 0) return;
  Send(SIGKILL);
  Wait();
}

bool Process::ReadSome() {
  std::array<struct pollfd, 2> wanted = {{{out_, POLLIN, 0}, {err_, POLLIN, 0}}};
  if (out_ < 0 && err_ < 0) return false;
  poll(wanted.data(), wanted.size(), -1);
  if (out_ >= 0 && wanted[0].revents != 0) ReadInto(out_, result_.out);
  if (err_ >= 0 && wanted[1].revents != 0) ReadInto(err_, result_.err);
  return true;
}

bool Process::AwaitError(std::string_view text) {
  while (result_.err.find(text) == std::string::npos) {
    if (!ReadSome()) return false;
  }
  return true;
}

bool Process::AwaitOutput(std::string_view text) {
  while (result_.out.find(text) == std::string::npos) {
    if (out_ < 0) return false;
    ReadInto(out_, result_.out);
  }
  return true;
}

void Process::AwaitEnd() const {
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
}

void Process::Send(int signal) const { kill(id_, signal); }

void Process::Type(std::string_view keys) const {
  if (write(err_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) std::abort();
}

ProcessResult Process::Wait() {
  while (ReadSome()) {
  }
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
  return std::move(result_);
}

ProcessResult RunWeft(std::vector<std::string> arguments, const ProcessOptions& options) {
  return Process(std::move(arguments), options).Wait();
}

void BecomeUnprivileged() {
  constexpr uid_t kNobody = 65534;
  if (geteuid() != 0) return;
  if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0) {
    _exit(125);
  }
}

}  // namespace weft::tools
