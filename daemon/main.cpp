#include "app/app.hpp"

int main(int argc, char** argv) { return retaind::run_app(argc, argv); }
