using System.Buffers;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace QuantumTrader.App.Hosting;

/// <summary>One open stream: updates wait for it in a bounded queue, and it is cut off when that is full.</summary>
internal sealed class StreamClient(HttpContext context, int capacity)
{
    // Sent in one piece, at most about so much.
    private const int Piece = 64 * 1024;

    private readonly Channel<ReadOnlyMemory<byte>> _frames = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>It read too little, and was cut off.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Hands it a frame, or cuts it off. One thread at a time.</summary>
    public void Offer(ReadOnlyMemory<byte> frame)
    {
        if (!_frames.Writer.TryWrite(frame) && _frames.Writer.TryComplete())
        {
            IsCut = true;
            context.Abort();
        }
    }

    /// <summary>No more frames come; what waits is still sent.</summary>
    public void Complete() => _frames.Writer.TryComplete();

    /// <summary>Sends frames until the client goes, is cut off, or the stream is completed.</summary>
    public async Task SendAsync()
    {
        using var gone = context.RequestAborted.Register(Complete);
        try
        {
            while (await _frames.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
            {
                for (var size = 0; size < Piece && _frames.Reader.TryRead(out var frame); size += frame.Length)
                {
                    context.Response.BodyWriter.Write(frame.Span);
                }

                await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // It went while a frame was on its way.
        }
    }
}
