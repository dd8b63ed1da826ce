// /approval of a CertificateSigningRequest: conditions may be written, and judgements among them.
import { prepareForApproval, validateApproval } from '../../api/certificates/approval.ts';
import { strategyHandler } from './status.ts';

export const approvalHandler = strategyHandler(() => ({ prepare: prepareForApproval, validate: validateApproval }));
