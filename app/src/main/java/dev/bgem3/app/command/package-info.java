/**
 * The command line: options, their help, exit codes.
 *
 * <p>
 * {@link dev.bgem3.app.command.Bgem3Command} is the starting point. Each command is a class, with mixins for
 * the options that several commands share ({@code ModelOptions}, {@code InputOptions}, {@code OutputOptions},
 * {@code LengthOption}). {@code Failures} maps exceptions to messages and exit codes.
 */
package dev.bgem3.app.command;
