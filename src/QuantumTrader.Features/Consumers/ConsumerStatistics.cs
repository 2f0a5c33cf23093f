namespace QuantumTrader.Features;

/// <summary>
/// What a consumer counted. Gaps and lost messages are counted where they can happen: by the edge or the bus source in front of it.
/// </summary>
/// <param name="MessagesReceived">Events that came.</param>
/// <param name="MessagesProcessed">Events that it could use.</param>
/// <param name="Errors">Events without what it needs.</param>
public sealed record ConsumerStatistics(long MessagesReceived, long MessagesProcessed, long Errors);

/// <summary>Counts for <see cref="ConsumerStatistics"/>; written by one thread, read by any.</summary>
internal sealed class ConsumerCounter
{
    private long _received;
    private long _processed;

    public ConsumerStatistics Statistics
    {
        get
        {
            // What is processed was received before, so this order never shows a negative number of errors.
            var processed = Volatile.Read(ref _processed);
            var received = Volatile.Read(ref _received);
            return new ConsumerStatistics(received, processed, received - processed);
        }
    }

    public void Count(bool isProcessed)
    {
        Volatile.Write(ref _received, _received + 1);
        Volatile.Write(ref _processed, _processed + (isProcessed ? 1 : 0));
    }
}
