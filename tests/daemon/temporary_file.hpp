// A file that a test writes and that is gone after it.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

class TemporaryFile
{
public:
    explicit TemporaryFile(const std::string &text, mode_t mode = 0600)
        : path_(std::string(testing::TempDir()) + "tenancyd_test_XXXXXX")
    {
        close(mkstemp(path_.data()));
        std::ofstream(path_, std::ios::binary) << text;
        chmod(path_.c_str(), mode);
    }
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(const TemporaryFile &) = delete;
    TemporaryFile &operator=(const TemporaryFile &) = delete;

    const std::string &path() const { return path_; }

private:
    std::string path_;
};
