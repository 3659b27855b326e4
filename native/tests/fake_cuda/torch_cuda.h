// The part of libtorch that the tests use; precompiled once. ATen/cuda/CUDAContext.h is not among
// it: it wants the headers of cuBLAS and others.
#pragma once

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <gtest/gtest.h>
