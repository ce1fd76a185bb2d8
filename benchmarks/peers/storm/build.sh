cd "$(dirname "$0")" && g++ -O3 -march="${MARCH:-native}" -std=c++17 -Wall -o storm main.cpp
