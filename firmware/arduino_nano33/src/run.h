/* Runs the application for ever. */
#ifndef NANO33_RUN_H
#define NANO33_RUN_H

[[noreturn]] void run();

#endif
