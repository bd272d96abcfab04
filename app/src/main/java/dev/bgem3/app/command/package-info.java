/**
 * The words of the command line: options, their help, exit codes.
 *
 * <p>
 * {@link dev.bgem3.app.command.Bgem3Command} is where a call begins; each command is a class of its own, with
 * the options that several share mixed in ({@code ModelOptions}, {@code InputOptions}, {@code OutputOptions},
 * {@code LengthOption}). {@code Failures} turns whatever goes wrong into a line and an exit code.
 */
package dev.bgem3.app.command;
