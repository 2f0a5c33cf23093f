using System.Runtime.CompilerServices;

namespace QuantumTrader.Dataflow;

/// <summary>Copies events from one batch to another, so that the copy does not hang on the first batch.</summary>
internal static class Kept
{
    // Events without references are complete in themselves: the test is a constant to the compiler, and for them nothing is left of it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Of<T>(in T value) where T : struct, IEvent<T> =>
        RuntimeHelpers.IsReferenceOrContainsReferences<T>() ? T.Keep(in value) : value;

    public static void Copy<T>(ReadOnlySpan<T> from, Span<T> to) where T : struct, IEvent<T>
    {
        from.CopyTo(to);
        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>())
        {
            for (var i = 0; i < from.Length; i++)
            {
                to[i] = T.Keep(in from[i]);
            }
        }
    }
}
