/** The words of the command line: options, their help, exit codes. */
package dev.bgem3.app.command;
