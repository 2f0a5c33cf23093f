using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace QuantumTrader.App.Hosting;

/// <summary>
/// Who may ask what. A page of another site, also one whose name was made to point here, gets nothing; nobody changes anything without the
/// token; and where other machines can reach the host, nobody reads anything without it either. Every refusal says why.
/// </summary>
internal sealed class AccessRules : IDisposable
{
    /// <summary>Environment variable of the token.</summary>
    public const string TokenVariable = "QT_TOKEN";

    /// <summary>Largest body that is read.</summary>
    public const int MaxBodyBytes = 64 * 1024;

    private readonly HostOptions _options;
    private readonly bool _isLoopback;
    private readonly byte[]? _token;
    private readonly PartitionedRateLimiter<HttpContext> _reads;
    private readonly PartitionedRateLimiter<HttpContext> _changes;

    public AccessRules(HostOptions options, IPEndPoint listen, string? token)
    {
        (_options, _isLoopback) = (options, IPAddress.IsLoopback(listen.Address));
        _token = string.IsNullOrEmpty(token) ? null : Encoding.UTF8.GetBytes(token);
        _reads = Limiter(options.RequestsPerSecond);
        _changes = Limiter(Math.Min(options.RequestsPerSecond, 5));
    }

    /// <summary>The reason to refuse a request; null when it is welcome.</summary>
    public ProblemHttpResult? Refuse(HttpContext context)
    {
        var request = context.Request;
        return !IsOurName(context)
            ? Refuse(StatusCodes.Status403Forbidden, $"This host is not called '{request.Host}'. Use its address, or list the name under host.names.")
            : !IsOurPage(request)
            ? Refuse(StatusCodes.Status403Forbidden, "Pages of other sites may not ask this host.")
            : RefuseTooMany(context) ?? RefuseBody(request) ?? RefuseStranger(context);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reads.Dispose();
        _changes.Dispose();
    }

    private static PartitionedRateLimiter<HttpContext> Limiter(int perSecond) => PartitionedRateLimiter.Create<HttpContext, IPAddress>(context =>
        RateLimitPartition.GetTokenBucketLimiter(context.Connection.RemoteIpAddress ?? IPAddress.None, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = 4 * perSecond, TokensPerPeriod = perSecond, ReplenishmentPeriod = TimeSpan.FromSeconds(1), AutoReplenishment = true,
        }));

    // A site can make its own name point to this address, and would then be taken for this host by the browser.
    private bool IsOurName(HttpContext context)
    {
        var (host, connection) = (context.Request.Host, context.Connection);
        if (_options.Names.Contains(host.Host, StringComparer.OrdinalIgnoreCase))
        {
            return true;
        }

        var isNamed = IPAddress.TryParse(host.Host, out var address)
            ? address.Equals(connection.LocalIpAddress) || (connection.LocalIpAddress is { IsIPv4MappedToIPv6: true } mapped && address.Equals(mapped.MapToIPv4()))
            : _isLoopback && host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase);
        return isNamed && (host.Port ?? 80) == connection.LocalPort;
    }

    private static bool IsOurPage(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0)
        {
            return origin.Equals($"http://{request.Host}", StringComparison.OrdinalIgnoreCase) || origin.Equals($"https://{request.Host}", StringComparison.OrdinalIgnoreCase);
        }

        // Browsers send no origin with an image or a script of a foreign page, but say this. A link from elsewhere is welcome.
        return request.Headers["Sec-Fetch-Site"].ToString() is not ("cross-site" or "same-site") || request.Headers["Sec-Fetch-Mode"] == "navigate";
    }

    private ProblemHttpResult? RefuseTooMany(HttpContext context)
    {
        using var lease = (IsReading(context.Request) ? _reads : _changes).AttemptAcquire(context);
        if (lease.IsAcquired)
        {
            return null;
        }

        context.Response.Headers.RetryAfter = "1";
        return Refuse(StatusCodes.Status429TooManyRequests, $"More than {_options.RequestsPerSecond} requests (or 5 changes) per second came from this client. Ask less often, or follow /api/stream; host.requests_per_second is the limit.");
    }

    private static ProblemHttpResult? RefuseBody(HttpRequest request) =>
        request.ContentLength > MaxBodyBytes
            ? Refuse(StatusCodes.Status413PayloadTooLarge, $"The body has {request.ContentLength} bytes; at most {MaxBodyBytes} are read.")
            : (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0) && !request.HasJsonContentType()
            ? Refuse(StatusCodes.Status415UnsupportedMediaType, $"The body is '{request.ContentType}'; send application/json.")
            : null;

    private ProblemHttpResult? RefuseStranger(HttpContext context)
    {
        var request = context.Request;
        if (IsReading(request) && (_isLoopback || !IsGuarded(request.Path)))
        {
            return null;
        }

        if (_token is null)
        {
            return Refuse(StatusCodes.Status403Forbidden, $"This run has no token, so nothing can be changed. Start it with the environment variable {TokenVariable} set to a secret of your own.");
        }

        var given = request.Headers.Authorization.ToString();
        if (given.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given["Bearer ".Length..].Trim()), _token))
        {
            return null;
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Refuse(StatusCodes.Status401Unauthorized, $"{(given.Length == 0 ? "The token is missing" : "The token is wrong")}: send 'Authorization: Bearer TOKEN', with the token of {TokenVariable}.");
    }

    private static bool IsReading(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>The pages themselves, and whether the host lives, are no secret.</summary>
    private static bool IsGuarded(PathString path) => path.StartsWithSegments("/api") || path.StartsWithSegments("/metrics") || path.StartsWithSegments("/openapi.json");

    private static ProblemHttpResult Refuse(int status, string why) => TypedResults.Problem(why, statusCode: status);
}
