using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout.Serving;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt candidate</c>: what a phase with <c>isolation: process</c> starts. Nobody else calls it, so no help shows it.</summary>
internal static class CandidateCommand
{
    private static readonly PosixSignal[] Signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT, PosixSignal.SIGHUP];

    public static Command Create()
    {
        var command = new Command(CandidateProcess.Command, "Runs the candidate of a phase for another process.") { Hidden = true };
        command.SetAction(_ =>
        {
            // Ctrl-C reaches all processes of a terminal: the run drains first, and this one ends when the run closes its input.
            var ignored = Signals.Select(s => PosixSignalRegistration.Create(s, signal => signal.Cancel = true)).ToList();
            var (input, output) = (Console.OpenStandardInput(), Console.OpenStandardOutput());
            // What a block prints must not come among its answers.
            Console.SetOut(Console.Error);
            if (CandidateProcess.Run(input, output, typeof(Operations<>), TimeProvider.System) is { } reason)
            {
                Console.Error.WriteLine(reason);
                Environment.Exit(ExitCodes.Failed);
            }

            // Nothing that the candidate left behind may keep it: no thread, no handler of the end.
            GC.KeepAlive(ignored);
            Process.GetCurrentProcess().Kill();
            return ExitCodes.Good;
        });
        return command;
    }
}

/// <summary>Stands in a candidate's own pipeline for what comes over the pipe.</summary>
[Block(CandidateProcess.SourceType, "Operations of a phase.")]
internal sealed class Operations<T> : Source<T> where T : struct, IEvent<T>
{
    public override bool Read(Output<T> output, int limit, CancellationToken stop) => throw new NotSupportedException("Invariant: it is never made.");
}
