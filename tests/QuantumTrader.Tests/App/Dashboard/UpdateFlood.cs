using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.Tests.App.Dashboard;

/// <summary>A host that sends far more than a real one would: the documents of a real run, then as many changes a second as asked for.</summary>
internal sealed class UpdateFlood : IAsyncDisposable
{
    private const int FirstPrice = 10_000;
    private readonly WebApplication _app;
    private readonly Dictionary<string, string> _snapshots;
    private readonly TaskCompletionSource<TimeSpan> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _perSecond;

    private UpdateFlood(WebApplication app, Dictionary<string, string> snapshots) => (_app, _snapshots) = (app, snapshots);

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public int Sent { get; private set; }

    public double Seconds { get; private set; }

    public int LastPrice => FirstPrice + Sent;

    /// <summary>Listens, with the snapshots that the host of a real run has sent.</summary>
    public static async Task<UpdateFlood> StartAsync(Uri real)
    {
        var snapshots = await SnapshotsAsync(real, "flow", "market:DEMO");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var flood = new UpdateFlood(app, snapshots);
        app.MapGet("/api/stream", flood.ServeAsync);
        app.MapGet("/{**path}", DashboardFiles.Serve);
        await app.StartAsync();
        return flood;
    }

    /// <summary>Sends changes at this rate for this long.</summary>
    public Task PourAsync(TimeSpan time, int perSecond)
    {
        _perSecond = perSecond;
        _asked.TrySetResult(time);
        return _done.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        _asked.TrySetCanceled();
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context, string topics)
    {
        context.Response.ContentType = "text/event-stream";
        foreach (var topic in topics.Split(','))
        {
            await context.Response.WriteAsync(_snapshots.GetValueOrDefault(topic, $"event: snapshot\ndata: {JsonSerializer.Serialize(new { topic, version = 1, data = new { } })}\n\n"), context.RequestAborted);
        }

        await context.Response.Body.FlushAsync(context.RequestAborted);
        if (!_done.Task.IsCompleted)
        {
            await PourAsync(context, await _asked.Task.WaitAsync(context.RequestAborted));
        }

        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private async Task PourAsync(HttpContext context, TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < time)
        {
            var frames = new StringBuilder();
            for (var due = (int)(watch.Elapsed.TotalSeconds * _perSecond); Sent < due;)
            {
                frames.Append(Change(++Sent));
            }

            await context.Response.WriteAsync(frames.ToString(), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(5, context.RequestAborted);
        }

        Seconds = watch.Elapsed.TotalSeconds;
        _done.TrySetResult();
    }

    // A trade: price, tape, ladder and counters change.
    private static string Change(int n)
    {
        var time = DateTime.UnixEpoch.AddMilliseconds(1_700_000_000_000L + (n * 10L)).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var (price, sequence) = (FirstPrice + n, 1_000_000_000 + n);
        var tape = new Dictionary<int, object?> { [sequence] = new { time, price, quantity = 1 + (n % 9), side = "buy", side_source = "flag" }, [sequence - 50] = null };
        var book = new { bids = new[] { new[] { price - 1, n % 50 }, [price - 2, 7] }, asks = new[] { new[] { price + 1, n % 40 }, [price + 2, 9] } };
        return Delta("market:DEMO", n, new { fields = new { last_price = price, trades_5min = n }, book, tape }) + Delta("flow", n, new { pipeline = new { events = n } });
    }

    private static string Delta(string topic, int n, object patch) => $"event: delta\ndata: {JsonSerializer.Serialize(new { topic, version = n + 1, patch })}\n\n";

    private static async Task<Dictionary<string, string>> SnapshotsAsync(Uri real, params string[] topics)
    {
        using var client = new HttpClient();
        await using var stream = await client.GetStreamAsync(new Uri(real, $"/api/stream?topics={string.Join(',', topics)}"));
        using var reader = new StreamReader(stream);
        var snapshots = new Dictionary<string, string>();
        while (snapshots.Count < topics.Length && await reader.ReadLineAsync() is { } line)
        {
            if (line == "event: snapshot")
            {
                var data = (await reader.ReadLineAsync())!;
                snapshots.Add(topics.Single(t => data.StartsWith($$"""data: {"topic":"{{t}}",""", StringComparison.Ordinal)), $"event: snapshot\n{data}\n\n");
            }
        }

        return snapshots;
    }
}
