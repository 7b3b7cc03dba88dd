/** Retained documents across a link that is cut, between two aedes brokers. */
import { documentsOfAnEdgeSite } from '../kit/bridge-documents-suite.ts';

documentsOfAnEdgeSite('aedes');
