using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Tests.Rollout;

namespace QuantumTrader.Tests.Storage;

public sealed class EventPipeTests
{
    private static readonly Formats Known = new();
    private static readonly EventCodec<Answer> Codec = EventCodec<Answer>.Find(Known)!;

    [Fact]
    public void Messages_come_out_as_they_went_in()
    {
        using var stream = new MemoryStream();
        var writer = new EventPipeWriter(stream, 7);
        var answers = Enumerable.Range(1, EventPipeWriter.MaxEvents).Select(i => new Answer(i, i * 10, 1, i % 3 == 0 ? double.NaN : -0.1 * i, new string('é', i))).ToArray();
        writer.Write(1, "first"u8);
        writer.Write(2, 42, answers.AsSpan(), Codec);
        writer.Write(3, 43, ReadOnlySpan<Answer>.Empty, Codec);

        var reader = new EventPipeReader(Rewound(stream));

        reader.TryRead(out var message).ShouldBeTrue();
        message.ShouldBe(new PipeMessage(1, 7, 0, 0));
        reader.Text.SequenceEqual("first"u8).ShouldBeTrue();
        reader.TryRead(out message).ShouldBeTrue();
        message.ShouldBe(new PipeMessage(2, 7, 42, answers.Length));
        foreach (var answer in answers)
        {
            reader.Take(Codec).ShouldBe(answer);
        }

        reader.TryRead(out message).ShouldBeTrue();
        message.ShouldBe(new PipeMessage(3, 7, 43, 0));
        reader.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public void A_message_that_is_cut_anywhere_is_the_end()
    {
        var bytes = Written();
        for (var length = 0; length < bytes.Length; length += 13)
        {
            new EventPipeReader(new MemoryStream(bytes, 0, length)).TryRead(out _).ShouldBeFalse();
        }
    }

    [Fact]
    public void A_byte_that_is_wrong_anywhere_is_seen()
    {
        var bytes = Written();
        // What fills up a message to 64 bytes means nothing.
        var meant = bytes.Length - bytes.Reverse().TakeWhile(b => b == 0).Count();
        for (var at = 0; at < meant; at++)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 0x10;
            Should.Throw<InvalidDataException>(() => new EventPipeReader(new MemoryStream(damaged)).TryRead(out _));
        }
    }

    [Fact]
    public void What_was_printed_between_two_messages_is_seen()
    {
        var bytes = Written();
        var reader = new EventPipeReader(new MemoryStream([.. bytes, .. "a word\n"u8, .. bytes]));

        reader.TryRead(out _).ShouldBeTrue();
        Should.Throw<InvalidDataException>(() => reader.TryRead(out _));
    }

    private static byte[] Written()
    {
        using var stream = new MemoryStream();
        new EventPipeWriter(stream, 1).Write(2, 1, [new Answer(1, 2, 3, 4, "five"), new Answer(6, 7, 8, 9, "ten")], Codec);
        return stream.ToArray();
    }

    private static MemoryStream Rewound(MemoryStream stream)
    {
        stream.Position = 0;
        return stream;
    }

    private sealed class Formats : IEventFormats
    {
        public IEventFormat? Of(Type eventType) => new AnswerFormat();
    }
}
