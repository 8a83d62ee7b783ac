#ifndef CLIENTS_CLI_COMPLETION_H_
#define CLIENTS_CLI_COMPLETION_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace windrow::cli {

// What the last word of an unfinished command line may become. A plain value.
struct Completion {
  // What the last word begins with.
  std::string prefix;
  // Words with what they are for.
  std::vector<std::pair<std::string, std::string>> words;
  // Name of the argument that is being typed ("PIPELINE"), for who knows what there is; else empty.
  std::string names_of;
  // Whether the shell should offer files.
  bool files = false;
  // Global options that stand on the line, by their long name.
  std::map<std::string, std::string> globals;

  // Adds a word when it begins with the prefix and is not there.
  void Offer(std::string word, std::string help);

  // For the shell: a line for each word, with its help behind a tab; the last line is ":files" or
  // ":words".
  std::string Text() const;
};

// Completes the last of `words` (those after the program's name, the last one maybe empty) with the
// commands, options and choices of the tree.
Completion Complete(const CLI::App& root, const std::vector<std::string>& words);

// What makes a shell ("bash", "zsh", "fish") ask us; empty for another one.
std::string CompletionScript(const std::string& shell);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMPLETION_H_
