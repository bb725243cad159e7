// SPDX-License-Identifier: MIT
#pragma once
#include <boost/fiber/all.hpp>
