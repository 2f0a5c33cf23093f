using System.Runtime.InteropServices;

namespace QuantumTrader.App.Commands;

/// <summary>
/// Turns the first SIGINT (Ctrl-C) or SIGTERM into a request to stop in good order. The next one of its kind is left to the system, which
/// ends the process at once.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;
    private bool _isAsked;

    /// <summary>Starts listening.</summary>
    /// <param name="announce">Called at the first signal, before the stop.</param>
    public StopSignal(Action announce)
    {
        _registrations =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, context =>
            {
                // Before it is announced: whoever answers the announcement at once must be the second.
                if (Interlocked.Exchange(ref _isAsked, true) is false)
                {
                    context.Cancel = true;
                    announce();
                    _stop.Cancel();
                }
            })),
        ];
    }

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
    }
}
