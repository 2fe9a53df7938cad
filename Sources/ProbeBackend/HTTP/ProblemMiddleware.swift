import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// Turns every error of a request into a problem document.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response()
        } catch let limited as RateLimited {
            return limited.response()
        } catch is NIOTooManyBytesError {
            let detail = "The body is over \(RequestJSON.maximumBody) bytes."
            return Problem(status: .contentTooLarge, code: "body_too_large", detail: detail).response()
        } catch let error as any HTTPResponseError where error.status == .notFound {
            return Problem.notFound("There is nothing at \(request.method) \(request.uri.path).").response()
        } catch let error as any HTTPResponseError {
            return Problem(status: error.status, code: "invalid_request", detail: "The request cannot be read.")
                .response()
        } catch let error as HTTPParserError {
            // Hummingbird answers 400 itself and closes the connection.
            throw error
        } catch let refusal as TokenOrder.Refusal {
            return Problem.invalidRequest(refusal.sentence).response()
        } catch let failure as StoreFailure {
            return Self.problem(for: failure).response()
        } catch {
            context.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return Problem.storeUnavailable.response()
        }
    }

    private static func problem(for failure: StoreFailure) -> Problem {
        switch failure {
        case .duplicateRequestID(let id):
            Problem(
                status: .conflict, code: "duplicate_request_id", detail: "A job with request_id \"\(id)\" exists.")
        case .unknownNode(let node):
            Problem(
                status: .unprocessableContent, code: "unknown_node",
                detail: "No node with the UUID \"\(node)\" is registered.")
        case .fenced:
            Problem(status: .conflict, code: "fenced", detail: "The node has connected again.")
        }
    }
}
